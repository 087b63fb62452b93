import type { Redis } from 'ioredis';
import { Cluster } from 'ioredis';
import type { Invalidations } from '../../cached.ts';
import { pauseBeforeRetry, type RedisClient } from '../connection/connect.ts';
import { withDeadline } from '../connection/deadline.ts';

const CHANNEL = '__redis__:invalidate';
const SUBSCRIBER_GONE = 'The client ID you want redirect to does not exist';
// A dead subscriber connection would lose invalidations, and a data connection that the server has dropped gets none: both
// are pinged every second.
const PULSE_MS = 1000;

export interface Tracking extends Invalidations {
  stop(): void;
}

/** A data connection, and the connection that receives invalidations for the keys read on the first. */
interface Pair {
  readonly subscriber: Redis;
  on: boolean;
  readonly stop: () => void;
}

/**
 * Keeps a near cache coherent with Redis: CLIENT TRACKING with REDIRECT to a RESP2 subscriber
 * (redis.io, "Client-side caching in Redis"); in a Cluster, one pair of connections for each node in use. Tracking is on
 * only while every pair is, with both of its connections to the same server process. Each change of that starts a new
 * epoch; what was in flight across it must not be cached.
 *
 * @param prefix first part of every key's name
 * @param onRefused called once when the server does not allow this user CLIENT TRACKING
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

  function startEpoch(): void {
    epoch += 1;
    listeners.lost();
  }

  function refuse(problem: Error): void {
    // A connection that broke meanwhile is not a refusal: the next one tries again.
    if (problem.name !== 'ReplyError' || problem.message.includes(SUBSCRIBER_GONE)) return;
    if (!refused) deps.onRefused(problem);
    refused = true;
  }

  function onInvalidation(keys: readonly Buffer[] | null): void {
    if (keys === null) {
      startEpoch();
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
      retryStrategy: (attempt: number) => pauseBeforeRetry(Math.max(attempt, mismatches)),
    });
    let subscriberId = 0;
    let subscribedTo: string | undefined;
    let mismatches = 0;
    let dataConnections = 0;

    async function enable(): Promise<void> {
      if (data.status !== 'ready' || subscriber.status !== 'ready' || subscriberId === 0) return;
      const [id, connection] = [subscriberId, dataConnections];
      const isAsItWas = () => id === subscriberId && connection === dataConnections;
      await data.call('CLIENT', 'TRACKING', 'OFF');
      const server = await runIdOf(data);
      if (!isAsItWas()) return;
      // During a failover one host name may resolve to two servers, and a client id is valid on one of them only.
      if (server === undefined || server !== subscribedTo) {
        mismatches += 1;
        subscriber.disconnect(true);
        return;
      }
      await data.call('CLIENT', 'TRACKING', 'ON', 'REDIRECT', id);
      if (!isAsItWas()) return;
      mismatches = 0;
      pair.on = true;
      startEpoch();
    }

    function disable(): void {
      const wasOn = pair.on;
      pair.on = false;
      if (wasOn) startEpoch();
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
      // If this fails, nothing is cached until the data connection replies or has been replaced.
      if (pair.on) withDeadline(data.ping(), PULSE_MS).catch(() => pair.on && subscriber.disconnect(true));
    }, PULSE_MS).unref();

    data.on('ready', onData.ready).on('close', onData.close);
    subscriber
      .on('ready', again(subscribe))
      .on('close', lost)
      .on('error', () => undefined);
    subscriber.on('messageBuffer', (_channel: Buffer, keys: unknown) => onInvalidation(keys as Buffer[] | null));
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
    // A Cluster client connects to a node at its first command.
    if (node.status === 'wait') node.once('connecting', () => add(node));
    else {
      pairs.set(node, watch(node));
      // A Cluster client does not always emit "-node".
      node.once('end', () => remove(node));
    }
  }

  // A replaced master sends no invalidations for changes made on its successor.
  function compareMasters(): void {
    const now = (client as Cluster)
      .nodes('master')
      .map(({ options }) => `${options.host}:${options.port}`)
      .sort()
      .join();
    if (now !== masters) startEpoch();
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

/** Returns the run id of a server: unique to each start of a process. */
async function runIdOf(connection: Redis): Promise<string | undefined> {
  return /^run_id:(\w+)/m.exec(await connection.info('server'))?.[1];
}
