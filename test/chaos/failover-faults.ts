import type { RedisServer } from '../support/redis.ts';
import { MASTER_NAME } from '../support/sentinel.ts';
import { until } from '../support/until.ts';
import type { Fault } from './faults.ts';
import type { Replicated, Sharded } from './topologies.ts';

/** What is done where Sentinels name the master. */
export const replicatedFaults: readonly Fault<Replicated>[] = [
  {
    // What was the master comes back as a replica, empty, and is filled.
    name: 'master killed',
    often: true,
    async apply({ sentinels }) {
      await sentinels.kill(await sentinels.master());
      await sentinels.master();
    },
    async heal(world) {
      const dead = world.sentinels.servers.find(({ process }) => process.signalCode !== null);
      if (dead !== undefined) await world.sentinels.revive(dead);
      await untilInSync(world);
    },
  },
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

/** What is done to a Cluster. */
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
