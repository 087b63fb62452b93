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
// A connection with commands in flight and no reply for so long is closed and opened again.
const SILENCE_MS = 3000;
const PATIENCE_MS = 60_000;

const SLOTS_REFRESH_MS = 5000;
const TRY_AGAIN_MS = 15;
const MOST_REDIRECTIONS = 4;

/** Replies of a server that is not, or not yet, a master. */
export const NO_MASTER = /^(READONLY|LOADING|MASTERDOWN) /;

/** Functions that close the sentinel connections of a client. */
const companions = new WeakMap<RedisClient, () => void>();

/**
 * Creates a client without connecting it. While there is no connection, commands fail at once instead of queueing. Await
 * none without `withDeadline`. The client reconnects for ever, with growing pauses.
 *
 * @param patient for command-line tools: Redis may be silent for a minute, and the first failure is final
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
      // Host names are not resolved here: certificates are issued for names.
      dnsLookup: (name, found) => found(null, name),
      // No auto pipelining: a pipeline goes to one node, and one slot being moved would redirect all of it.
      clusterRetryStrategy: retryStrategy,
      slotsRefreshTimeout: CONNECT_TIMEOUT_MS,
      slotsRefreshInterval: SLOTS_REFRESH_MS,
      // A command that no node can execute fails at once, instead of being executed after its caller has gone.
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

/** Returns a connected client for a command-line tool. @throws with the error of the server or the network */
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

/** Returns the pause before an attempt, milliseconds: growing, with jitter so that pods do not reconnect all at once. */
export function pauseBeforeRetry(attempt: number, longestMs = LONGEST_RETRY_MS): number {
  const longest = Math.min(FIRST_RETRY_MS * 2 ** Math.min(attempt, 10), longestMs);
  return longest * (0.5 + Math.random() / 2);
}

/**
 * Connects the client. Resolves after a second at most, so that a pod is ready when it listens: `true` when connected,
 * `false` while the client is still trying.
 */
export function connectSoon(client: RedisClient): Promise<boolean> {
  const connected = connect(client).then(
    () => true,
    () => false,
  );
  return Promise.race([connected, pause(FIRST_CONNECT_MS, false, { ref: false })]);
}

/**
 * A Cluster client connects to a node at its first command, and fails further commands until it is connected: so all
 * masters are connected here, once the client has discovered them by itself.
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

/** Resolves when Redis replies; in a Cluster, when any master does. */
export async function ping(client: RedisClient): Promise<void> {
  if (client instanceof Cluster) await Promise.any(client.nodes('master').map((node) => node.ping()));
  else await client.ping();
}

/** Closes the client: with QUIT where it is connected, at once where it is not. */
export async function closeRedisClient(client: RedisClient): Promise<void> {
  if (client.status === 'ready') await client.quit().catch(() => client.disconnect());
  else client.disconnect();
  // A client that is closed between two attempts emits no "end".
  companions.get(client)?.();
}
