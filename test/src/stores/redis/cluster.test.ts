import { setTimeout as pause } from 'node:timers/promises';
import t from 'tap';
import { startCluster } from '../../../support/cluster.ts';
import { openRedisStore } from '../../../support/redis-store.ts';
import { storeContract } from '../contract.ts';

const cluster = await startCluster(t);
let tests = 0;

storeContract(t, async (t) => {
  tests += 1;
  const { store } = await openRedisStore(t, cluster.url, `t${tests}`);
  return { store, elapse: (ms) => pause(Math.min(ms, 150)) };
});
