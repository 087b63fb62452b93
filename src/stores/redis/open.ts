import type { Config } from '../../config/load.ts';
import type { SessionStore } from '../../session/store.ts';
import { createRedisClock } from './coherence/clock.ts';
import { createTracking, type Tracking } from './coherence/tracking.ts';
import { closeRedisClient, connectSoon, duplicateClient, type RedisClient } from './connection/connect.ts';
import { createGuard, type Guard } from './connection/guard.ts';
import { createDurableWrites, type DurableWrites } from './durable-writes.ts';
import { claimShards, ShardsError } from './layout/shards.ts';
import { createRedisStore } from './store.ts';

/** A connection to Redis and the guard of its commands. Its owner closes both. */
export interface RedisAccess {
  readonly client: RedisClient;
  readonly guard: Guard;
  /** How long a command may take, milliseconds; `undefined` is the default of the guard. */
  readonly deadlineMs: number | undefined;
}

/** What the Redis store reports while it runs. */
export interface RedisStoreEvents {
  /** A record exists but can't be read; its session counts as absent. */
  readonly onUnreadable: (sessionId: string) => void;
  /** Redis does not let this user track changes, so nothing is cached. Called once. */
  readonly onTrackingRefused: (problem: Error) => void;
  /** Seconds that a command took. */
  readonly onCommand: (command: string, seconds: number) => void;
}

/**
 * Opens the Redis store with its clock, and with durable writes and tracking where the settings ask for them.
 *
 * @returns the store; `tracking`, which reports changed sessions for a near cache; and `close`, which leaves the given
 *   connection open
 * @throws {ShardsError} when the data is laid out for another number of shards
 */
export async function openRedisStore(deps: {
  readonly config: Config;
  readonly redis: RedisAccess;
  readonly now: () => number;
  readonly events: RedisStoreEvents;
}): Promise<{ readonly store: SessionStore; readonly tracking: Tracking | undefined; close(): Promise<void> }> {
  const { config, redis, events } = deps;
  const { client, guard } = redis;
  const { REDIS_PREFIX: prefix, REDIS_WAIT_REPLICAS: replicas } = config;
  await checkShards(client, prefix);
  const clock = createRedisClock(client, deps.now);
  const durable = replicas === 0 ? undefined : await openDurableWrites(redis, config, events);
  const tracking =
    config.NEAR_CACHE_MAX === 0 ? undefined : createTracking({ client, prefix, onRefused: events.onTrackingRefused });
  const { onUnreadable } = events;
  return {
    store: createRedisStore({ client, guard, clock, prefix, durable: durable?.writes, onUnreadable }),
    tracking,
    async close() {
      tracking?.stop();
      clock.stop();
      await durable?.close();
    },
  };
}

/** Refuses a store of another layout now, or ends the process at the first connection if Redis is down now. */
async function checkShards(client: RedisClient, prefix: string): Promise<void> {
  const claim = () =>
    claimShards(client, prefix).catch((error: unknown) => {
      // Any other error: claimed again at the next connection.
      if (error instanceof ShardsError) throw error;
    });
  client.on('ready', claim);
  if (client.status === 'ready') await claim();
}

/** WAIT blocks its connection, so durable writes have one of their own and reads do not wait behind them. */
async function openDurableWrites(
  { client: shared, deadlineMs }: RedisAccess,
  { REDIS_WAIT_REPLICAS: replicas, REDIS_PREFIX: prefix }: Config,
  { onCommand }: RedisStoreEvents,
): Promise<{ readonly writes: DurableWrites; close(): Promise<void> }> {
  const client = duplicateClient(shared);
  client.on('error', () => undefined);
  await connectSoon(client);
  const guard = createGuard({ client, deadlineMs, onCommand });
  return {
    writes: createDurableWrites({ client, guard, replicas, prefix }),
    async close() {
      guard.stop();
      await closeRedisClient(client);
    },
  };
}
