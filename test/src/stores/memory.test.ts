import t from 'tap';
import { createMemoryStore } from '../../../src/stores/memory.ts';
import { storeContract } from './contract.ts';

storeContract(t, async () => {
  let now = Date.UTC(2026, 0, 1);
  return {
    store: createMemoryStore({ now: () => now }),
    elapse: async (ms) => {
      now += ms;
    },
  };
});
