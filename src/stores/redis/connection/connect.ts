import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { Cluster, Redis, type RedisOptions } from 'ioredis';
import type { RedisAddress } from './address.ts';
import { createSentinels } from './sentinels.ts';
import { TlsConnector } from './sockets.ts';

/** The client of the data connection; of a Cluster, one connection per node behind one client. */
export type RedisClient = Redis | Cluster;

const FIRST_RETRY_MS = 50;
const LONGEST_RETRY_MS = 2000;
// While sentinels choose another master, which takes them seconds.
const FAILOVER_RETRY_MS = 400;
const CONNECT_TIMEOUT_MS = 2000;
const FIRST_CONNECT_MS = 1000;
// A connection on which commands wait and nothing comes back for so long is given up and made anew.
const SILENCE_MS = 3000;
const PATIENCE_MS = 60_000;

const SLOTS_REFRESH_MS = 5000;
const TRY_AGAIN_MS = 15;
const MOST_REDIRECTIONS = 4;

/** What a server answers that is no master now, or none yet. */
export const NO_MASTER = /^(READONLY|LOADING|MASTERDOWN) /;

/** How to close the connections to sentinels that a client has. */
const companions = new WeakMap<RedisClient, () => void>();

/**
 * Makes the client without connecting it. Commands sent while there is no connection fail at once instead of
 * queueing, and none should be awaited without `withDeadline`; the client itself tries again for ever, with growing pauses.
 *
 * @param patient for tools that nobody waits for: Redis may be silent for a minute, and the first failure is the last
 */
export function createRedisClient(address: RedisAddress, { patient = false } = {}): RedisClient {
  const { cluster, sentinel, tls, nodes, username, password, db } = address;
  const connection = {
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(tls ? { tls: {}, Connector: TlsConnector } : {}),
    autoResendUnfulfilledCommands: false,
    socketTimeout: patient ? PATIENCE_MS : SILENCE_MS,
    connectTimeout: CONNECT_TIMEOUT_MS,
    keepAlive: 10_000,
    connectionName: 'sessiond',
  } satisfies RedisOptions;
  const retry = (attempt: number) => pauseBeforeRetry(attempt, sentinel === undefined ? undefined : FAILOVER_RETRY_MS);
  const retryStrategy = patient ? () => null : retry;
  const shared = { lazyConnect: true, enableOfflineQueue: false };

  if (cluster) {
    return new Cluster([...nodes], {
      ...shared,
      redisOptions: connection,
      // Names stay names: they are what certificates are for.
      dnsLookup: (name, found) => found(null, name),
      // No automatic pipelines: one goes to one node, and a slot on its way would send all of it to another.
      clusterRetryStrategy: retryStrategy,
      slotsRefreshTimeout: CONNECT_TIMEOUT_MS,
      slotsRefreshInterval: SLOTS_REFRESH_MS,
      // A command that nobody can answer fails at once instead of running when nobody waits for it any more.
      retryDelayOnFailover: 0,
      retryDelayOnClusterDown: 0,
      retryDelayOnTryAgain: TRY_AGAIN_MS,
      maxRedirections: MOST_REDIRECTIONS,
    });
  }
  const single = {
    ...shared,
    ...connection,
    db,
    maxRetriesPerRequest: 0,
    retryStrategy,
    reconnectOnError: ({ message }: Error) => NO_MASTER.test(message),
  };
  if (sentinel === undefined) return new Redis({ ...single, ...nodes[0] });
  const { Connector, close } = createSentinels({ ...address, sentinel }, patient ? undefined : retry);
  const client: Redis = new Redis({ ...single, Connector });
  companions.set(client, close);
  client.once('end', close);
  return client;
}

/** A second client with the same settings, not connected. */
export function duplicateClient(client: RedisClient): RedisClient {
  // The two have overloads that TypeScript can't unite.
  return client instanceof Cluster ? client.duplicate() : client.duplicate();
}

/** A client for a tool, connected. @throws with what the server or the network says against it */
export async function openRedisClient(address: RedisAddress): Promise<RedisClient> {
  const client = createRedisClient(address, { patient: true });
  let problem: string | undefined;
  client.on('error', ({ message }: Error) => {
    problem = message;
  });
  await client.connect().catch((cause: Error) => {
    throw new Error(problem ?? cause.message, { cause });
  });
  return client;
}

/** Growing pauses, milliseconds, spread so that pods do not come back all at once. */
export function pauseBeforeRetry(attempt: number, longestMs = LONGEST_RETRY_MS): number {
  const longest = Math.min(FIRST_RETRY_MS * 2 ** Math.min(attempt, 10), longestMs);
  return longest * (0.5 + Math.random() / 2);
}

/**
 * Connects the client, and answers whether that was done within a second, so that a pod is ready as soon as it listens;
 * the client goes on trying.
 */
export function connectSoon(client: RedisClient): Promise<boolean> {
  const connected = connect(client).then(
    () => true,
    () => false,
  );
  return Promise.race([connected, pause(FIRST_CONNECT_MS, false, { ref: false })]);
}

/**
 * A Cluster's client connects to a node when it is first asked, and refuses what else comes until it is connected. While
 * it finds the Cluster out, it wants to connect by itself.
 */
async function connect(client: RedisClient): Promise<void> {
  if (!(client instanceof Cluster)) return client.connect();
  const connectMasters = () => Promise.all(client.nodes('master').map(connectMaster));
  const onChange = () => client.status === 'ready' && void connectMasters().catch(() => undefined);
  client.on('ready', onChange).on('+node', onChange);
  await client.connect();
  await connectMasters();
}

async function connectMaster(node: Redis): Promise<void> {
  if (node.status === 'wait') await node.connect();
  else if (node.status !== 'ready') await once(node, 'ready');
}

/** Asks whether Redis answers; of a Cluster, whether any of its masters does. */
export async function ping(client: RedisClient): Promise<void> {
  if (client instanceof Cluster) await Promise.any(client.nodes('master').map((node) => node.ping()));
  else await client.ping();
}

/** Closes the client: politely where it is connected, at once where it is not. */
export async function closeRedisClient(client: RedisClient): Promise<void> {
  if (client.status === 'ready') await client.quit().catch(() => client.disconnect());
  else client.disconnect();
  // A client that is closed between two attempts says no "end".
  companions.get(client)?.();
}
