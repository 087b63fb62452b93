import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import type { Test } from 'tap';

export interface RedisServer {
  readonly url: string;
  readonly port: number;
  /** A client for looking at what the service has written; closed with the test. */
  readonly client: Redis;
  readonly process: ChildProcess;
}

/**
 * Starts a Redis of the test's own on loopback, with its own folder, and stops it with the test.
 *
 * @param port where it should listen; a free one, if it is all the same
 */
export async function startRedis(t: Test, args: readonly string[] = [], port?: number): Promise<RedisServer> {
  const chosen = port ?? (await freePort());
  return startRedisOn(t, chosen, args);
}

async function startRedisOn(t: Test, port: number, args: readonly string[]): Promise<RedisServer> {
  const folder = await mkdtemp(join(tmpdir(), 'sessiond-redis-'));
  const server = spawn(
    'redis-server',
    ['--port', `${port}`, '--bind', '127.0.0.1', '--dir', folder, '--save', '', '--appendonly', 'no', ...args],
    { stdio: 'ignore' },
  );
  t.teardown(async () => {
    if (server.exitCode === null && server.signalCode === null) {
      server.kill('SIGKILL');
      await once(server, 'exit');
    }
    await rm(folder, { recursive: true, force: true });
  });
  const client = new Redis(port, '127.0.0.1', { retryStrategy: () => 20, maxRetriesPerRequest: null });
  client.on('error', () => undefined);
  t.teardown(() => client.disconnect());
  await client.ping();
  return { url: `redis://127.0.0.1:${port}`, port, client, process: server };
}

/** A port that nobody listens on at present. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
