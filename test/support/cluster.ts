import { Cluster, type Redis } from 'ioredis';
import type { Certificates } from './certificates.ts';
import type { Owner } from './owner.ts';
import { type Access, freePort, haveCaughtUp, type RedisServer, startRedis } from './redis.ts';
import { until } from './until.ts';

export interface RedisCluster {
  readonly url: string;
  /** A client for looking at what the service has written; closed with the test. */
  readonly client: Cluster;
  readonly masters: readonly RedisServer[];
  /** Each follows the master of the same position. */
  readonly replicas: readonly RedisServer[];
  /** Waits until the replicas have all that was written to their masters. */
  inStep(): Promise<void>;
}

export interface ClusterOptions {
  /** Each master has a replica, which takes its place when it is silent for a second. */
  readonly replicated?: boolean;
  /** For `localhost`: the nodes then speak TLS only, and know each other and are found by that name. */
  readonly certificates?: Certificates;
}

const SLOTS = 16_384;

/** Starts a Cluster of three masters of the test's own on loopback, and stops it with the test. */
export async function startCluster(t: Owner, options: ClusterOptions = {}): Promise<RedisCluster> {
  const { replicated = false, certificates } = options;
  const access: Access = certificates === undefined ? {} : { tls: { ca: certificates.ca, servername: 'localhost' } };
  const servers = await Promise.all(Array.from({ length: replicated ? 6 : 3 }, startNode));
  const [masters, replicas] = [servers.slice(0, 3), servers.slice(3)];

  // Of so many ports, another process may have taken one meanwhile.
  async function startNode(): Promise<RedisServer & { readonly busPort: number }> {
    return startNodeOnce().catch(startNodeOnce);
  }

  async function startNodeOnce() {
    const busPort = await freePort();
    const timing = ['--cluster-node-timeout', replicated ? '1000' : '2000', '--repl-diskless-sync-delay', '0'];
    const args = ['--cluster-enabled', 'yes', '--cluster-port', `${busPort}`, ...timing];
    if (certificates === undefined) return { ...(await startRedis(t, args)), busPort };
    const port = await freePort();
    const named = ['--cluster-announce-hostname', 'localhost', '--cluster-preferred-endpoint-type', 'hostname'];
    return {
      ...(await startRedis(t, [...args, ...named, ...certificates.redisArguments(port)], port, access)),
      busPort,
    };
  }

  const inStep = async () => {
    for (const [position, master] of masters.entries()) {
      await until(() => haveCaughtUp(master, replicas.slice(position, position + 1)), 20_000);
    }
  };

  const [first] = servers;
  for (const [position, { client, port, busPort }] of servers.entries()) {
    // Nodes with the same epoch agree on others later, and meanwhile one may take back a slot that has been moved.
    await client.call('CLUSTER', 'SET-CONFIG-EPOCH', position + 1);
    const from = Math.ceil((SLOTS / masters.length) * position);
    const to = Math.ceil((SLOTS / masters.length) * (position + 1)) - 1;
    if (position < masters.length) await client.call('CLUSTER', 'ADDSLOTSRANGE', from, to);
    if (position > 0) await first?.client.call('CLUSTER', 'MEET', '127.0.0.1', port, busPort);
  }
  for (const { client } of servers) {
    await until(async () => {
      const info = String(await client.call('CLUSTER', 'INFO'));
      return info.includes('cluster_state:ok') && info.includes(`cluster_known_nodes:${servers.length}`);
    }, 15_000);
  }
  for (const [position, { client }] of replicas.entries()) {
    await client.call('CLUSTER', 'REPLICATE', (await masters[position]?.client.call('CLUSTER', 'MYID')) as string);
  }
  await inStep();
  const host = certificates === undefined ? '127.0.0.1' : 'localhost';
  const client = new Cluster(
    masters.map(({ port }) => ({ host: '127.0.0.1', port })),
    { redisOptions: access },
  );
  client.on('error', () => undefined);
  t.teardown(() => client.disconnect());
  const scheme = certificates === undefined ? 'redis' : 'rediss';
  const url = `${scheme}+cluster://${masters.map(({ port }) => `${host}:${port}`)}`;
  return { url, client, masters, replicas, inStep };
}

/** A slot on its way from the master that has it to another one, as `redis-cli --cluster reshard` moves it. */
export interface Move {
  /** Moves some of its keys. @throws where the other master has one of them */
  keys(...keys: readonly string[]): Promise<void>;
  /** Moves the keys that are left, and gives the slot away. */
  finish(): Promise<void>;
}

/** Begins to move the slot of a key. */
export async function beginMove({ masters }: RedisCluster, key: string): Promise<Move> {
  const [first] = masters as [RedisServer];
  const slot = await first.client.cluster('KEYSLOT', key);
  const ids = await Promise.all(masters.map(({ client }) => client.call('CLUSTER', 'MYID') as Promise<string>));
  const owners = await Promise.all(
    masters.map(({ client }) =>
      client.get(key).then(
        () => true,
        () => false,
      ),
    ),
  );
  const [from, to] = [owners.indexOf(true), owners.indexOf(false)];
  const [source, target] = [masters[from], masters[to]] as [RedisServer, RedisServer];
  await target.client.call('CLUSTER', 'SETSLOT', slot, 'IMPORTING', ids[from] as string);
  await source.client.call('CLUSTER', 'SETSLOT', slot, 'MIGRATING', ids[to] as string);

  const keys: Move['keys'] = async (...keys) => {
    await source.client.call('MIGRATE', '127.0.0.1', target.port, '', 0, 5000, 'KEYS', ...keys);
  };
  return {
    keys,
    async finish() {
      for (;;) {
        const left = (await source.client.call('CLUSTER', 'GETKEYSINSLOT', slot, 10)) as string[];
        if (left.length === 0) break;
        await keys(...left);
      }
      for (const { client } of [target, source, ...masters]) {
        await client.call('CLUSTER', 'SETSLOT', slot, 'NODE', ids[to] as string);
      }
    },
  };
}

/** Clients of the single servers behind a client: one, or a Cluster's masters. */
export function serversOf(client: Redis | Cluster): Redis[] {
  return client instanceof Cluster ? client.nodes('master') : [client];
}
