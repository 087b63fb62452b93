import type { RedisServer } from '../support/redis.ts';
import { MASTER_NAME } from '../support/sentinel.ts';
import { until } from '../support/until.ts';
import type { Ledger } from './ledger.ts';
import type { Pod } from './pods.ts';
import type { Networked, Replicated, Sharded, Standalone, World } from './topologies.ts';

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

/** The master is killed; what was it comes back as a replica, empty, and is filled. */
export const masterKilled: Fault<Replicated> = {
  name: 'master killed',
  often: true,
  async apply({ sentinels }) {
    await sentinels.kill(await sentinels.master());
    await sentinels.master();
  },
  async heal(world) {
    const { sentinels } = world;
    const dead = sentinels.servers.find(({ process }) => process.signalCode !== null);
    if (dead !== undefined) await sentinels.revive(dead);
    await untilInSync(world);
  },
};

export const replicatedFaults: readonly Fault<Replicated>[] = [
  masterKilled,
  {
    name: 'master frozen, and back when another one is master',
    async apply(world) {
      const master = await world.sentinels.master();
      master.process.kill('SIGSTOP');
      await untilReplaced(world, master);
    },
    async heal(world) {
      for (const { process } of world.sentinels.servers) process.kill('SIGCONT');
      await untilInSync(world);
    },
  },
  {
    name: 'failover asked for',
    async apply(world) {
      const master = await world.sentinels.master();
      await world.sentinels.sentinels[0]?.client.call('SENTINEL', 'FAILOVER', MASTER_NAME);
      await untilReplaced(world, master);
    },
    heal: untilInSync,
  },
];

export const shardedFaults: readonly Fault<Sharded>[] = [
  {
    name: 'a master killed',
    async apply({ nodes, kill }) {
      const masters = await mastersOf(nodes);
      await kill(masters[0] as RedisServer);
      // One in the place of the one that is gone.
      await until(async () => (await mastersOf(nodes)).length === masters.length, 20_000);
    },
    async heal({ nodes, revive }) {
      const { client } = await revive();
      await until(async () => (await client.info('replication')).includes('master_link_status:up'), 30_000);
      await until(async () => (await mastersOf(nodes)).length === nodes.length / 2, 20_000);
    },
  },
];

/** Those who are master by their own word. */
async function mastersOf(nodes: readonly RedisServer[]): Promise<RedisServer[]> {
  const running = nodes.filter(({ process }) => process.exitCode === null && process.signalCode === null);
  const roles = await Promise.all(running.map(({ client }) => client.role()));
  return running.filter((_, position) => roles[position]?.[0] === 'master');
}

/** Until the sentinels name another master. What was the master is not asked: it may be frozen. */
async function untilReplaced({ sentinels }: Replicated, { port }: RedisServer): Promise<void> {
  const named = ({ client }: RedisServer) => client.call('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', MASTER_NAME);
  await until(async () => {
    const addresses = (await Promise.all(sentinels.sentinels.map(named))) as [string, string][];
    return addresses.every(([, master]) => master !== `${port}`);
  }, 20_000);
  await sentinels.master();
}

/** Until both replicas follow the master, and have all it has. */
async function untilInSync({ sentinels }: Replicated): Promise<void> {
  await until(async () => {
    const { client } = await sentinels.master();
    const info = await client.info('replication');
    return info.match(/^slave\d:.*state=online/gm)?.length === 2 && !info.includes('_sync_in_progress:1');
  }, 30_000);
}

function first<T extends Pod | Networked['networks'][number]>(list: readonly T[]): T {
  return list[0] as T;
}
