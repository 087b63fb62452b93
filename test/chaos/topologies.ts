import { randomBytes } from 'node:crypto';
import { parseRedisUrl, type RedisAddress } from '../../src/stores/redis/connection/address.ts';
import { closeRedisClient, openRedisClient } from '../../src/stores/redis/connection/connect.ts';
import { serversOf, startCluster } from '../support/cluster.ts';
import type { Owner } from '../support/owner.ts';
import { folderOf } from '../support/proxy.ts';
import { freePort, type RedisServer, startRedis, stopProcess } from '../support/redis.ts';
import { type RedisSentinels, startSentinels } from '../support/sentinel.ts';
import { type Pods, startPods } from './pods.ts';
import { startTcpProxy, type TcpProxy } from './tcp-proxy.ts';

/** Three pods behind a load balancer, on a Redis of some sort. */
export interface World {
  readonly name: string;
  readonly pods: Pods;
}

/** A world in which each pod has a network of its own between itself and Redis. */
export interface Networked extends World {
  readonly networks: readonly TcpProxy[];
}

export interface Standalone extends Networked {
  readonly redis: () => RedisServer;
  /** Ends Redis as kill -9 does. */
  kill(): Promise<void>;
  /** Starts it again, with what it has written to its append-only file. */
  restart(): Promise<void>;
}

export interface Replicated extends World {
  readonly sentinels: RedisSentinels;
}

export interface Sharded extends World {
  /** Masters and replicas, in no order that lasts. */
  readonly nodes: readonly RedisServer[];
  /** Ends a node as kill -9 does. */
  kill(node: RedisServer): Promise<void>;
  /** Starts the node that was killed last again, with what it knows of the others, and without data. */
  revive(): Promise<RedisServer>;
}

/** One Redis that keeps its data over a restart. */
export async function startStandalone(owner: Owner): Promise<Standalone> {
  const folder = await folderOf(owner, 'chaos');
  const port = await freePort();
  const start = () => startRedis(owner, ['--dir', folder, '--appendonly', 'yes'], port);
  let server = await start();
  const { pods, networks } = await startNetworked(owner, new URL(server.url), 'sd');
  return {
    name: 'standalone',
    pods,
    networks,
    redis: () => server,
    kill: () => stopProcess(server),
    async restart() {
      server = await start();
    },
  };
}

/** A master with two replicas and three sentinels; a change is acknowledged when a replica has it too. */
export async function startReplicated(owner: Owner): Promise<Replicated> {
  // A master that has lost its replicas must not take what nobody else gets to know.
  const sentinels = await startSentinels(owner, { serverLines: ['min-replicas-to-write 1', 'min-replicas-max-lag 2'] });
  const settings = { REDIS_WAIT_REPLICAS: '1' };
  const redisUrls = [sentinels.url, sentinels.url, sentinels.url];
  return {
    name: 'Sentinel',
    pods: await startPods(owner, { redisUrls, prefix: 'sd', settings }),
    sentinels,
  };
}

/** A Cluster of three masters with a replica each; a change is acknowledged when the replica has it too. */
export async function startSharded(owner: Owner): Promise<Sharded> {
  const cluster = await startCluster(owner, { replicated: true });
  const nodes = [...cluster.masters, ...cluster.replicas];
  const settings = { REDIS_WAIT_REPLICAS: '1' };
  const redisUrls = [cluster.url, cluster.url, cluster.url];
  let revive: Sharded['revive'];
  return {
    name: 'Cluster',
    pods: await startPods(owner, { redisUrls, prefix: 'sd', settings }),
    nodes,
    async kill(node) {
      const args: string[] = [];
      for (const name of NODE_SETTINGS) {
        const [, value = ''] = (await node.client.config('GET', name)) as string[];
        args.push(`--${name}`, value);
      }
      await stopProcess(node);
      revive = async () => {
        const revived = await startRedis(owner, args, node.port);
        nodes.splice(nodes.indexOf(node), 1, revived);
        return revived;
      };
    },
    revive: () => revive(),
  };
}

const NODE_SETTINGS = [
  'dir',
  'cluster-enabled',
  'cluster-port',
  'cluster-node-timeout',
  'repl-diskless-sync-delay',
] as const;

/**
 * Pods on a Redis of somebody's own, in a part of it of their own. Where it is one server, it gets a network.
 *
 * @throws when it can't be reached: what came of the faults would say nothing
 */
export async function startOn(owner: Owner, url: string): Promise<World | Networked> {
  const address = parseRedisUrl(url);
  if (address === undefined) throw new Error('--redis-url: expected a URL as REDIS_URL takes it, see docs/redis.md');
  const client = await openRedisClient(address).catch((cause: Error) => {
    throw new Error(`Redis can not be reached at --redis-url: ${cause.message}`, { cause });
  });
  await closeRedisClient(client);
  const prefix = `chaos-${randomBytes(4).toString('hex')}`;
  const name = 'your Redis';
  owner.teardown(() => removeKeys(address, prefix));
  if (url.startsWith('redis://')) return { name, ...(await startNetworked(owner, new URL(url), prefix)) };
  return { name, pods: await startPods(owner, { redisUrls: [url, url, url], prefix }) };
}

async function startNetworked(
  owner: Owner,
  address: URL,
  prefix: string,
): Promise<{ pods: Pods; networks: readonly TcpProxy[] }> {
  const target = { host: address.hostname, port: Number(address.port || 6379) };
  const networks = await Promise.all([1, 2, 3].map(() => startTcpProxy(owner, target)));
  const redisUrls = networks.map(({ port }) => {
    const url = new URL(address);
    url.hostname = '127.0.0.1';
    url.port = `${port}`;
    return url.href;
  });
  return { networks, pods: await startPods(owner, { redisUrls, prefix }) };
}

/** Removes what the pods have written, in small steps. */
async function removeKeys(address: RedisAddress, prefix: string): Promise<void> {
  const client = await openRedisClient(address);
  for (const server of serversOf(client)) {
    for await (const keys of server.scanStream({ match: `${prefix}:*`, count: 500 })) {
      await Promise.all((keys as string[]).map((key) => server.unlink(key)));
    }
  }
  await closeRedisClient(client);
}
