import { Cluster, type Redis } from 'ioredis';
import type { Owner } from './owner.ts';
import { freePort, type RedisServer, startRedis } from './redis.ts';
import { until } from './until.ts';

export interface RedisCluster {
  readonly url: string;
  /** A client for looking at what the service has written; closed with the test. */
  readonly client: Cluster;
  readonly masters: readonly RedisServer[];
}

const SLOTS = 16_384;

/** Starts a Cluster of three masters of the test's own on loopback, and stops it with the test. */
export async function startCluster(t: Owner): Promise<RedisCluster> {
  const masters = await Promise.all(
    [0, 1, 2].map(async (position) => {
      const busPort = await freePort();
      const timing = ['--cluster-node-timeout', '2000', '--cluster-config-file', `nodes-${position}.conf`];
      const server = await startRedis(t, ['--cluster-enabled', 'yes', '--cluster-port', `${busPort}`, ...timing]);
      return { ...server, busPort };
    }),
  );
  const [first] = masters;
  for (const [position, { client, port, busPort }] of masters.entries()) {
    const from = Math.ceil((SLOTS / masters.length) * position);
    const to = Math.ceil((SLOTS / masters.length) * (position + 1)) - 1;
    await client.call('CLUSTER', 'ADDSLOTSRANGE', from, to);
    if (position > 0) await first?.client.call('CLUSTER', 'MEET', '127.0.0.1', port, busPort);
  }
  for (const { client } of masters) {
    await until(async () => {
      const info = String(await client.call('CLUSTER', 'INFO'));
      return info.includes('cluster_state:ok') && info.includes(`cluster_known_nodes:${masters.length}`);
    }, 15_000);
  }
  const hosts = masters.map(({ port }) => `127.0.0.1:${port}`);
  const client = new Cluster(masters.map(({ port }) => ({ host: '127.0.0.1', port })));
  client.on('error', () => undefined);
  t.teardown(() => client.disconnect());
  return { url: `redis+cluster://${hosts.join(',')}`, client, masters };
}

/** Clients of the single servers behind a client: one, or a Cluster's masters. */
export function serversOf(client: Redis | Cluster): Redis[] {
  return client instanceof Cluster ? client.nodes('master') : [client];
}
