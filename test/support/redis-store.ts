import type { Test } from 'tap';
import { cached, type NearCache } from '../../src/stores/cached.ts';
import { createRedisClock } from '../../src/stores/redis/coherence/clock.ts';
import { createTracking } from '../../src/stores/redis/coherence/tracking.ts';
import { parseRedisUrl, type RedisAddress } from '../../src/stores/redis/connection/address.ts';
import {
  closeRedisClient,
  connectSoon,
  createRedisClient,
  type RedisClient,
} from '../../src/stores/redis/connection/connect.ts';
import { createGuard } from '../../src/stores/redis/connection/guard.ts';
import { createRedisStore } from '../../src/stores/redis/store.ts';
import { until } from './until.ts';

export interface OpenStore {
  readonly store: ReturnType<typeof createRedisStore>;
  readonly client: RedisClient;
  /** Ids of records that could not be read. */
  readonly unreadable: string[];
  /** How many commands and scripts were sent so far. */
  readonly commands: Record<string, number> & { mget: number };
}

/** A Redis store with its own connection, as a pod has it; closed with the test. */
export async function openRedisStore(t: Test, url: string, prefix: string): Promise<OpenStore> {
  const unreadable: string[] = [];
  const commands: OpenStore['commands'] = { mget: 0 };
  const client = createRedisClient(parseRedisUrl(url) as RedisAddress);
  client.on('error', () => undefined);
  const clock = createRedisClock(client);
  t.teardown(async () => {
    clock.stop();
    await closeRedisClient(client);
  });
  await connectSoon(client);
  const guard = createGuard({
    client,
    deadlineMs: 3000,
    onCommand: (command) => {
      commands[command] = (commands[command] ?? 0) + 1;
    },
  });
  t.teardown(guard.stop);
  const store = createRedisStore({
    client,
    guard,
    clock,
    prefix,
    onUnreadable: (sessionId) => unreadable.push(sessionId),
  });
  return { store, client, unreadable, commands };
}

export interface OpenCachedStore extends Omit<OpenStore, 'store'> {
  readonly store: NearCache;
  readonly refused: Error[];
}

/** The same with a near cache before it, which has begun to hold sessions unless `wait` is false. */
export async function openCachedStore(
  t: Test,
  url: string,
  prefix: string,
  { wait = true } = {},
): Promise<OpenCachedStore> {
  const open = await openRedisStore(t, url, prefix);
  const refused: Error[] = [];
  const tracking = createTracking({ client: open.client, prefix, onRefused: (problem) => refused.push(problem) });
  t.teardown(() => tracking.stop());
  const store = cached(open.store, {
    max: 1000,
    invalidations: tracking,
    degraded: { forMs: 0, isAllowed: () => false },
    onPropagated: () => undefined,
  });
  if (wait) {
    await store.count();
    await until(() => tracking.epoch() !== undefined);
  }
  return { ...open, store, refused };
}
