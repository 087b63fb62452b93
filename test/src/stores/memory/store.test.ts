import t from 'tap';
import { createMemoryStore } from '../../../../src/stores/memory/store.ts';
import { storeContract } from '../contract.ts';

storeContract(t, async () => {
  let now = Date.UTC(2026, 0, 1);
  return {
    store: createMemoryStore({ now: () => now }),
    elapse: async (ms) => {
      now += ms;
    },
  };
});

t.test('a clock that is set, as on a machine that starts in 1970, costs a sweep nothing', async (t) => {
  let now = 0;
  const store = createMemoryStore({ now: () => now });
  const input = { userId: null, metadata: {}, device: { ip: '', userAgent: '' }, idleMs: 1000, absoluteMs: 1000 };
  const start = (sessionId: string) => store.create({ ...input, sessionId });
  await start('of 1970');
  now = Date.UTC(2026, 0, 1);
  t.match(await store.sweep(), { expired: 1, more: false });
  await start('of 2026');
  now += 500;
  t.match(await store.sweep(), { expired: 0 });
  now += 1000;
  t.match(await store.sweep(), { expired: 1 });
  t.equal(await store.count(), 0);
});
