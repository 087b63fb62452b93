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
    async heal({ sentinels }) {
      const dead = sentinels.servers.find(({ process }) => process.signalCode !== null);
      if (dead !== undefined) await sentinels.revive(dead);
      await sentinels.inStep();
    },
  },
  {
    name: 'master frozen, and back when another one is master',
    async apply(world) {
      const master = await world.sentinels.master();
      master.process.kill('SIGSTOP');
      await untilReplaced(world, master);
    },
    async heal({ sentinels }) {
      for (const { process } of sentinels.servers) process.kill('SIGCONT');
      await sentinels.inStep();
    },
  },
  {
    name: 'failover asked for',
    apply: ({ sentinels }) => sentinels.failOver(),
    heal: ({ sentinels }) => sentinels.inStep(),
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
