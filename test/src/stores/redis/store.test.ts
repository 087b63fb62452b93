import { setTimeout as pause } from 'node:timers/promises';
import t from 'tap';
import { startRedis } from '../../../support/redis.ts';
import { openRedisStore } from '../../../support/redis-store.ts';
import { storeContract } from '../contract.ts';

const redis = await startRedis(t);
let tests = 0;

storeContract(t, async (t) => {
  tests += 1;
  const { store } = await openRedisStore(t, redis.url, `t${tests}`);
  // Redis' clock can't be moved, so its time really passes; never more of it than a sixth of a second at once.
  return { store, elapse: (ms) => pause(Math.min(ms, 150)) };
});
