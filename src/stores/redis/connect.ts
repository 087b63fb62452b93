import { Redis } from 'ioredis';

/** The client of the data connection. */
export type RedisClient = Redis;

/** A command that Redis has not answered within this many milliseconds counts as not answered. */
export const COMMAND_DEADLINE_MS = 130;

const FIRST_RETRY_MS = 50;
const LONGEST_RETRY_MS = 2000;
// A connection on which commands wait and nothing comes back for so long is given up and made anew.
const SILENCE_MS = 5000;

/**
 * Makes the client without connecting it. Commands sent while there is no connection fail at once instead of
 * queueing, and none waits longer than the deadline; the client itself tries again for ever, with growing pauses.
 */
export function createRedisClient(url: string): RedisClient {
  return new Redis(url, {
    lazyConnect: true,
    enableOfflineQueue: false,
    enableAutoPipelining: true,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    commandTimeout: COMMAND_DEADLINE_MS,
    socketTimeout: SILENCE_MS,
    connectTimeout: 2000,
    keepAlive: 10_000,
    connectionName: 'sessiond',
    retryStrategy: (attempt) =>
      Math.min(FIRST_RETRY_MS * 2 ** Math.min(attempt, 10), LONGEST_RETRY_MS) * (0.5 + Math.random() / 2),
    reconnectOnError: (error) => error.message.startsWith('READONLY'),
  });
}

/**
 * What a command answers, or a rejection once the deadline has passed. The client's own timeout starts only when a
 * command is sent, and a command waits to be sent while the pipeline before it is unanswered.
 */
export function withDeadline<T>(answer: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no answer in ${COMMAND_DEADLINE_MS} ms`)), COMMAND_DEADLINE_MS);
    answer.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

/** Closes the client: politely where it is connected, at once where it is not. */
export async function closeRedisClient(client: RedisClient): Promise<void> {
  if (client.status === 'ready') await client.quit().catch(() => client.disconnect());
  else client.disconnect();
}
