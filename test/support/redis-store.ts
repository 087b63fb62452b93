import type { Test } from 'tap';
import type { SessionStore } from '../../src/session/store.ts';
import { parseRedisUrl, type RedisAddress } from '../../src/stores/redis/address.ts';
import { createRedisClock } from '../../src/stores/redis/clock.ts';
import { closeRedisClient, createRedisClient } from '../../src/stores/redis/connect.ts';
import { createRedisStore } from '../../src/stores/redis/store.ts';

export interface OpenStore {
  readonly store: SessionStore;
  /** Ids of records that could not be read. */
  readonly unreadable: string[];
}

/** A Redis store with its own connection, as a pod has it; closed with the test. */
export async function openRedisStore(t: Test, url: string, prefix: string): Promise<OpenStore> {
  const unreadable: string[] = [];
  const client = createRedisClient(parseRedisUrl(url) as RedisAddress);
  client.on('error', () => undefined);
  const clock = createRedisClock(client);
  t.teardown(async () => {
    clock.stop();
    await closeRedisClient(client);
  });
  await client.connect();
  const store = createRedisStore({
    client,
    clock,
    prefix,
    onUnreadable: (sessionId) => unreadable.push(sessionId),
    onCommand: () => undefined,
  });
  return { store, unreadable };
}
