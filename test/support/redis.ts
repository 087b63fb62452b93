import { type ChildProcess, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
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
  const ended = once(server, 'exit').then(() => {
    throw new Error(`redis-server ended at once on port ${port}`);
  });
  await Promise.race([client.ping(), ended]);
  ended.catch(() => undefined);
  return { url: `redis://127.0.0.1:${port}`, port, client, process: server };
}

// Below the ports that the system gives to outgoing connections: one of those may take a port that was just free.
const FIRST_PORT = 10_240;
const LAST_PORT = 32_000;

/** A port that nobody listens on at present. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(FIRST_PORT, LAST_PORT);
    const server = createServer().listen(port, '127.0.0.1');
    const free = await Promise.race([
      once(server, 'listening').then(() => true),
      once(server, 'error').then(() => false),
    ]);
    if (!free) continue;
    server.close();
    await once(server, 'close');
    return port;
  }
}
