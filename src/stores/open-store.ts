import type { Config } from '../config/load.ts';
import type { SessionStore } from '../session/store.ts';
import { cached } from './cached.ts';
import { createMemoryStore } from './memory/store.ts';
import { openRedisStore, type RedisAccess, type RedisStoreEvents } from './redis/open.ts';

/** A store, and what its owner needs besides. */
export interface OpenStore {
  readonly store: SessionStore;
  /** How many sessions the near cache holds; 0 where there is none. */
  nearCacheEntries(): number;
  /** Closes what was opened for the store. */
  close(): Promise<void>;
}

export interface StoreEvents extends RedisStoreEvents {
  /** Seconds from a revocation made here until Redis reported it back. */
  readonly onPropagated: (seconds: number) => void;
}

/**
 * Opens the store that the settings ask for: memory or Redis, and the near cache in front of Redis.
 *
 * @param deps.redis the connection to Redis; `undefined` keeps sessions in the memory of this process
 * @param deps.now this pod's clock, epoch milliseconds
 * @throws {ShardsError} when the data in Redis is laid out for another number of shards
 */
export async function openStore(deps: {
  readonly config: Config;
  readonly redis: RedisAccess | undefined;
  readonly now: () => number;
  readonly events: StoreEvents;
}): Promise<OpenStore> {
  const { config, redis, now, events } = deps;
  if (redis === undefined) {
    return { store: createMemoryStore({ now }), nearCacheEntries: () => 0, close: async () => {} };
  }
  const { store, tracking, close } = await openRedisStore({ config, redis, now, events });
  if (tracking === undefined) return { store, nearCacheEntries: () => 0, close };
  const near = cached(store, {
    max: config.NEAR_CACHE_MAX,
    invalidations: tracking,
    degraded: { forMs: config.DEGRADED_VERIFY_SECONDS * 1000, isAllowed: redis.guard.isOpen },
    onPropagated: (ms) => events.onPropagated(ms / 1000),
  });
  return { store: near, nearCacheEntries: near.entries, close };
}
