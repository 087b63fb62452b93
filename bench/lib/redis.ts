import { parseRedisUrl, type RedisAddress } from '../../src/stores/redis/connection/address.ts';
import { closeRedisClient, createRedisClient, type RedisClient } from '../../src/stores/redis/connection/connect.ts';
import { type Core, freePort, type Started, start, temporaryFolder } from './process.ts';

export interface RedisServer extends Started {
  readonly url: string;
  readonly port: number;
  readonly client: RedisClient;
}

/** Starts a Redis of the benchmark's own on loopback, without persistence. */
export async function startRedis(core: Core = 'load'): Promise<RedisServer> {
  const port = await freePort();
  const folder = temporaryFolder();
  const options = ['--port', `${port}`, '--bind', '127.0.0.1', '--dir', folder, '--save', '', '--appendonly', 'no'];
  const server = await start(['redis-server', ...options], { core, sign: 'Ready to accept connections' });
  const url = `redis://127.0.0.1:${port}`;
  const client = createRedisClient(parseRedisUrl(url) as RedisAddress, { patient: true });
  client.on('error', () => undefined);
  await client.connect();
  return {
    ...server,
    url,
    port,
    client,
    async stop() {
      await closeRedisClient(client);
      await server.stop();
    },
  };
}

/** Calls by command since the server started, those inside scripts included, ours of INFO left out. */
export async function commandCalls(client: RedisClient): Promise<Map<string, number>> {
  return parseCommandStats(String(await client.info('commandstats')));
}

/** Reads `INFO commandstats`. */
export function parseCommandStats(info: string): Map<string, number> {
  const calls = new Map<string, number>();
  for (const [, name, count] of info.matchAll(/^cmdstat_([^:]+):calls=(\d+)/gm)) {
    if (name !== 'info') calls.set(name as string, Number(count));
  }
  return calls;
}

/** How many commands ran between two counts. */
export function callsBetween(before: Map<string, number>, after: Map<string, number>): number {
  let sum = 0;
  for (const [name, count] of after) sum += count - (before.get(name) ?? 0);
  return sum;
}

export async function usedBytes(client: RedisClient): Promise<number> {
  return Number(/used_memory:(\d+)/.exec(String(await client.info('memory')))?.[1]);
}
