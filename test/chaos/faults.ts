import type { Ledger } from './ledger.ts';
import type { Networked, World } from './topologies.ts';

/** Something that goes wrong, and is put right again. */
export interface Fault<W extends World = World> {
  readonly name: string;
  /** Whether it is worth having many times over. */
  readonly often?: boolean;
  /** Answers once it is so. */
  apply(world: W, ledger: Ledger): Promise<void>;
  /** Answers once the cause is gone; that the service is well again is for others to find out. */
  heal(world: W): Promise<void>;
}

const NEAR_MS = 40;
const FAR_MS = 200;

/** What can be done to any Redis without harm to it. */
export const podFaults: readonly Fault[] = [
  {
    name: 'a pod killed',
    apply: ({ pods }) => first(pods.all).kill(),
    heal: ({ pods }) => first(pods.all).start(),
  },
  {
    name: 'clocks of two pods one hour ahead and back',
    apply: stepClocks,
    heal: stepClocks,
  },
];

async function stepClocks({ pods }: World): Promise<void> {
  for (const pod of pods.all) pod.stepClock();
}

/** Likewise, where there is a network to tamper with. */
export const networkFaults: readonly Fault<Networked>[] = [
  onNetworks('network cut', (network) => network.cut()),
  {
    name: 'network of one pod cut',
    apply: async ({ networks }) => first(networks).cut(),
    heal: async ({ networks }) => first(networks).restore(),
  },
  onNetworks(`network ${2 * NEAR_MS} ms away`, (network) => network.delay(NEAR_MS)),
  onNetworks(`network ${2 * FAR_MS} ms away`, (network) => network.delay(FAR_MS)),
  onNetworks('connections reset', (network) => network.reset()),
];

function onNetworks(name: string, change: (network: Networked['networks'][number]) => void): Fault<Networked> {
  return {
    name,
    async apply({ networks }) {
      for (const network of networks) change(network);
    },
    async heal({ networks }) {
      for (const network of networks) network.restore();
    },
  };
}

function first<T>(list: readonly T[]): T {
  return list[0] as T;
}
