import { setTimeout as pause } from 'node:timers/promises';
import t from 'tap';
import { openCachedStore } from '../../../support/redis-store.ts';
import { startSentinels } from '../../../support/sentinel.ts';
import { storeContract } from '../contract.ts';

const { url } = await startSentinels(t);
let tests = 0;

storeContract(t, async (t) => {
  tests += 1;
  const { store } = await openCachedStore(t, url, `t${tests}`);
  return { store, elapse: (ms) => pause(Math.min(ms, 150)) };
});
