import { Cluster, Redis, type RedisOptions } from 'ioredis';
import type { RedisAddress } from './address.ts';

/** The client of the data connection; of a Cluster, one connection per node behind one client. */
export type RedisClient = Redis | Cluster;

const FIRST_RETRY_MS = 50;
const LONGEST_RETRY_MS = 2000;
const CONNECT_TIMEOUT_MS = 2000;
// A connection on which commands wait and nothing comes back for so long is given up and made anew.
const SILENCE_MS = 3000;
const PATIENCE_MS = 60_000;

/**
 * Makes the client without connecting it. Commands sent while there is no connection fail at once instead of
 * queueing, and none should be awaited without `withDeadline`; the client itself tries again for ever, with growing pauses.
 *
 * @param patient for tools that nobody waits for: Redis may be silent for a minute, and the first failure is the last
 */
export function createRedisClient(
  { cluster, tls, nodes, username, password, db }: RedisAddress,
  { patient = false } = {},
): RedisClient {
  const connection = {
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(tls ? { tls: {} } : {}),
    autoResendUnfulfilledCommands: false,
    socketTimeout: patient ? PATIENCE_MS : SILENCE_MS,
    connectTimeout: CONNECT_TIMEOUT_MS,
    keepAlive: 10_000,
    connectionName: 'sessiond',
  } satisfies RedisOptions;
  const shared = { lazyConnect: true, enableOfflineQueue: false };

  if (cluster) {
    return new Cluster([...nodes], {
      ...shared,
      redisOptions: connection,
      enableAutoPipelining: true,
      clusterRetryStrategy: patient ? () => null : pauseBeforeRetry,
      slotsRefreshTimeout: CONNECT_TIMEOUT_MS,
    });
  }
  const [node] = nodes;
  return new Redis({
    ...shared,
    ...connection,
    ...node,
    db,
    maxRetriesPerRequest: 0,
    retryStrategy: patient ? () => null : pauseBeforeRetry,
    reconnectOnError: (error) => error.message.startsWith('READONLY'),
  });
}

/** Growing pauses, milliseconds, spread so that pods do not come back all at once. */
export function pauseBeforeRetry(attempt: number): number {
  const longest = Math.min(FIRST_RETRY_MS * 2 ** Math.min(attempt, 10), LONGEST_RETRY_MS);
  return longest * (0.5 + Math.random() / 2);
}

/** Closes the client: politely where it is connected, at once where it is not. */
export async function closeRedisClient(client: RedisClient): Promise<void> {
  if (client.status === 'ready') await client.quit().catch(() => client.disconnect());
  else client.disconnect();
}
