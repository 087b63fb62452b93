import type { Redis } from 'ioredis';
import { Cluster } from 'ioredis';
import type { Invalidations } from '../../cached.ts';
import { pauseBeforeRetry, type RedisClient } from '../connection/connect.ts';
import { withDeadline } from '../connection/deadline.ts';

const CHANNEL = '__redis__:invalidate';
const SUBSCRIBER_GONE = 'The client ID you want redirect to does not exist';
// A subscriber that went silent would swallow invalidations, and for a data connection that the server has lost there are
// none: both are asked every second whether they are there.
const PULSE_MS = 1000;

export interface Tracking extends Invalidations {
  stop(): void;
}

/** A data connection, and the connection on which Redis says what has changed of all that was read on the first. */
interface Pair {
  readonly subscriber: Redis;
  on: boolean;
  readonly stop: () => void;
}

/**
 * Keeps a near cache true by Redis itself: CLIENT TRACKING with REDIRECT to a RESP2 subscriber
 * (redis.io, "Client-side caching in Redis"); in a Cluster, one pair for each node in use. It is on only while every
 * pair is, its connections both to the same process. Each change of that starts a new epoch: what was in flight across
 * it is not to be kept.
 *
 * @param prefix first part of every key's name
 * @param onRefused told once where the server does not let this user track
 */
export function createTracking(deps: {
  readonly client: RedisClient;
  readonly prefix: string;
  readonly onRefused: (problem: Error) => void;
}): Tracking {
  const { client, prefix } = deps;
  const pairs = new Map<Redis, Pair>();
  const listeners = { changed: (_sessionId: string) => {}, lost: () => {} };
  const recordKey = `${prefix}:{`;
  let masters = '';
  let epoch = 0;
  let refused = false;

  function turn(): void {
    epoch += 1;
    listeners.lost();
  }

  function refuse(problem: Error): void {
    // A connection that broke meanwhile is no refusal: the next one tries again.
    if (problem.name !== 'ReplyError' || problem.message.includes(SUBSCRIBER_GONE)) return;
    if (!refused) deps.onRefused(problem);
    refused = true;
  }

  function take(keys: readonly Buffer[] | null): void {
    if (keys === null) {
      turn();
      return;
    }
    for (const key of keys) {
      const name = key.toString();
      // <prefix>:{3f}:s:<sessionId>
      const rest = recordKey.length + 4;
      if (name.startsWith(recordKey) && name.startsWith('s:', rest)) listeners.changed(name.slice(rest + 2));
    }
  }

  function watch(data: Redis): Pair {
    const subscriber = data.duplicate({
      protocol: 2,
      lazyConnect: true,
      autoResubscribe: false,
      enableOfflineQueue: false,
      // A Cluster's node connections have none.
      retryStrategy: (attempt: number) => pauseBeforeRetry(Math.max(attempt, strangers)),
    });
    let subscriberId = 0;
    let subscribedTo: string | undefined;
    let strangers = 0;
    let dataConnections = 0;

    async function enable(): Promise<void> {
      if (data.status !== 'ready' || subscriber.status !== 'ready' || subscriberId === 0) return;
      const [id, connection] = [subscriberId, dataConnections];
      const isAsItWas = () => id === subscriberId && connection === dataConnections;
      await data.call('CLIENT', 'TRACKING', 'OFF');
      const server = await runIdOf(data);
      if (!isAsItWas()) return;
      // One name may lead to two servers, as during a failover, and on another server the id is a stranger's.
      if (server === undefined || server !== subscribedTo) {
        strangers += 1;
        subscriber.disconnect(true);
        return;
      }
      await data.call('CLIENT', 'TRACKING', 'ON', 'REDIRECT', id);
      if (!isAsItWas()) return;
      strangers = 0;
      pair.on = true;
      turn();
    }

    function disable(): void {
      const wasOn = pair.on;
      pair.on = false;
      if (wasOn) turn();
    }

    async function subscribe(): Promise<void> {
      const [id, server] = await Promise.all([subscriber.client('ID'), runIdOf(subscriber)]);
      await subscriber.subscribe(CHANNEL);
      subscribedTo = server;
      subscriberId = Number(id);
      await enable();
    }

    const again = (step: () => Promise<void>) => () => void step().catch(refuse);
    const onData = {
      ready: again(enable),
      close() {
        dataConnections += 1;
        disable();
      },
    };
    const lost = () => {
      subscriberId = 0;
      disable();
    };
    const pulse = setInterval(() => {
      if (subscriberId !== 0) withDeadline(subscriber.ping(), PULSE_MS).catch(() => subscriber.disconnect(true));
      // Nothing is held then until the data connection has answered, or been replaced.
      if (pair.on) withDeadline(data.ping(), PULSE_MS).catch(() => pair.on && subscriber.disconnect(true));
    }, PULSE_MS).unref();

    data.on('ready', onData.ready).on('close', onData.close);
    subscriber
      .on('ready', again(subscribe))
      .on('close', lost)
      .on('error', () => undefined);
    subscriber.on('messageBuffer', (_channel: Buffer, keys: unknown) => take(keys as Buffer[] | null));
    const pair: Pair = {
      subscriber,
      on: false,
      stop() {
        clearInterval(pulse);
        data.off('ready', onData.ready).off('close', onData.close);
        subscriber.disconnect();
        lost();
      },
    };
    subscriber.connect().catch(() => undefined);
    return pair;
  }

  function add(node: Redis): void {
    if (pairs.has(node)) return;
    // A Cluster's client connects to a node when it first needs it.
    if (node.status === 'wait') node.once('connecting', () => add(node));
    else {
      pairs.set(node, watch(node));
      // A Cluster's client does not always say that a node is gone.
      node.once('end', () => remove(node));
    }
  }

  // A master that others have replaced does not hear, hence does not tell, of what changes on its successor.
  function compareMasters(): void {
    const now = (client as Cluster)
      .nodes('master')
      .map(({ options }) => `${options.host}:${options.port}`)
      .sort()
      .join();
    if (now !== masters) turn();
    masters = now;
  }

  function remove(node: Redis): void {
    pairs.get(node)?.stop();
    pairs.delete(node);
  }

  if (client instanceof Cluster) {
    for (const node of client.nodes('all')) add(node);
    client.on('+node', add).on('-node', remove).on('refresh', compareMasters);
  } else {
    add(client);
  }

  return {
    epoch() {
      if (pairs.size === 0) return undefined;
      for (const pair of pairs.values()) if (!pair.on) return undefined;
      return epoch;
    },
    listen(changed, lost) {
      listeners.changed = changed;
      listeners.lost = lost;
    },
    stop() {
      for (const node of [...pairs.keys()]) remove(node);
    },
  };
}

/** What a server calls itself since it was started; no two are called the same. */
async function runIdOf(connection: Redis): Promise<string | undefined> {
  return /^run_id:(\w+)/m.exec(await connection.info('server'))?.[1];
}
