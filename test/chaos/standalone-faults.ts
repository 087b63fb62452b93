import type { Fault } from './faults.ts';
import type { Standalone } from './topologies.ts';

/** What is done to a Redis of the suite's own. */
export const standaloneFaults: readonly Fault<Standalone>[] = [
  {
    name: 'Redis frozen',
    apply: async ({ redis }) => void redis().process.kill('SIGSTOP'),
    heal: async ({ redis }) => void redis().process.kill('SIGCONT'),
  },
  {
    name: 'Redis killed',
    apply: ({ kill }) => kill(),
    heal: ({ restart }) => restart(),
  },
  {
    name: 'CLIENT KILL of everybody',
    async apply({ redis }) {
      for (const type of ['normal', 'pubsub']) await redis().client.call('CLIENT', 'KILL', 'TYPE', type);
    },
    heal: async () => undefined,
  },
  {
    name: 'memory full',
    apply: async ({ redis }) => void (await redis().client.config('SET', 'maxmemory', '1')),
    heal: async ({ redis }) => void (await redis().client.config('SET', 'maxmemory', '0')),
  },
  {
    name: 'FLUSHALL',
    async apply({ redis }, ledger) {
      const beganAt = performance.now();
      await redis().client.flushall();
      ledger.flushed(beganAt);
    },
    heal: async () => undefined,
  },
  {
    name: 'pods started while Redis is away',
    async apply({ kill, pods }) {
      await Promise.all([kill(), ...pods.all.map((pod) => pod.kill())]);
      await Promise.all(pods.all.map((pod) => pod.start()));
    },
    heal: ({ restart }) => restart(),
  },
];
