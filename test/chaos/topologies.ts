import { randomBytes } from 'node:crypto';
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
  /** How long each failover took so far, from the end of the master to the word of all sentinels, milliseconds. */
  readonly failovers: number[];
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
    failovers: [],
  };
}

/** Pods on a Redis of somebody's own, in a part of it of their own. Where it is one server, it gets a network. */
export async function startOn(owner: Owner, url: string): Promise<World | Networked> {
  const prefix = `chaos-${randomBytes(4).toString('hex')}`;
  const name = 'your Redis';
  const address = new URL(url);
  if (address.protocol === 'redis:') return { name, ...(await startNetworked(owner, address, prefix)) };
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
