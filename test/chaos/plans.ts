import type { Owner } from '../support/owner.ts';
import { type Episode, type Lasting, suffer } from './episode.ts';
import { replicatedFaults, shardedFaults } from './failover-faults.ts';
import { type Fault, networkFaults, podFaults } from './faults.ts';
import { standaloneFaults } from './standalone-faults.ts';
import { startOn, startReplicated, startSharded, startStandalone, type World } from './topologies.ts';

/** A world, and the faults it can have. */
export interface Plan {
  readonly name: string;
  readonly faults: readonly Pick<Fault, 'name' | 'often'>[];
  /** Starts the world, and answers what lets it have one of its faults. */
  start(owner: Owner): Promise<(fault: string, lasting: Lasting) => Promise<Episode>>;
}

/** On servers of the suite's own, to which everything may be done. */
export const ownPlans: readonly Plan[] = [
  planOf('standalone', startStandalone, [...podFaults, ...networkFaults, ...standaloneFaults]),
  planOf('Sentinel', startReplicated, replicatedFaults),
  planOf('Cluster', startSharded, shardedFaults),
];

/** On somebody's own Redis, to which nothing is done: pods, and the network where there is one of ours. */
export function planFor(url: string): Plan {
  const start = (owner: Owner) => startOn(owner, url);
  if (!url.startsWith('redis://')) return planOf('your Redis', start, podFaults);
  return planOf('your Redis', start, [...podFaults, ...networkFaults]);
}

function planOf<W extends World>(name: string, start: (owner: Owner) => Promise<W>, faults: readonly Fault<W>[]): Plan {
  return {
    name,
    faults,
    async start(owner) {
      const world = await start(owner);
      return (wanted, lasting) => {
        const fault = faults.find(({ name }) => name === wanted);
        if (fault === undefined) throw new Error(`${name} has no fault ${wanted}`);
        return suffer(world, fault, lasting);
      };
    },
  };
}
