import { type ChildProcess, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis, type RedisOptions } from 'ioredis';
import type { Owner } from './owner.ts';

export interface RedisServer {
  readonly url: string;
  readonly port: number;
  /** A client for looking at what the service has written; closed with the test. */
  readonly client: Redis;
  readonly process: ChildProcess;
}

/** What a client needs to be let in. */
export type Access = Pick<RedisOptions, 'username' | 'password' | 'tls'>;

/**
 * Starts a Redis of the test's own on loopback, with its own folder, and stops it with the test.
 *
 * @param port where it should listen; a free one, if it is all the same
 * @param access what the test's own client needs to get in, where that is not everybody
 */
export async function startRedis(
  t: Owner,
  args: readonly string[] = [],
  port?: number,
  access?: Access,
): Promise<RedisServer> {
  const chosen = port ?? (await freePort());
  const alone = ['--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
  const command = (folder: string) => ['--port', `${chosen}`, '--dir', folder, ...alone, ...args];
  return startProcess(t, chosen, command, access);
}

/**
 * Starts redis-server with what `command` makes of a new folder, waits until it answers on the port, and stops it with
 * the test.
 */
export async function startProcess(
  t: Owner,
  port: number,
  command: (folder: string) => readonly string[] | Promise<readonly string[]>,
  access: Access = {},
): Promise<RedisServer> {
  const folder = await mkdtemp(join(tmpdir(), 'sessiond-redis-'));
  const server = spawn('redis-server', await command(folder), { stdio: 'ignore' });
  t.teardown(async () => {
    await stopProcess({ process: server });
    await rm(folder, { recursive: true, force: true });
  });
  const patient = { retryStrategy: () => 20, maxRetriesPerRequest: null };
  const client: Redis = new Redis(port, '127.0.0.1', { ...patient, ...access });
  client.on('error', () => undefined);
  t.teardown(() => client.disconnect());
  const ended = once(server, 'exit').then(() => {
    throw new Error(`redis-server ended at once on port ${port}`);
  });
  await Promise.race([client.ping(), ended]);
  ended.catch(() => undefined);
  return { url: `redis://127.0.0.1:${port}`, port, client, process: server };
}

/** Ends a server as kill -9 does. */
export async function stopProcess({ process }: Pick<RedisServer, 'process'>): Promise<void> {
  if (process.exitCode !== null || process.signalCode !== null) return;
  process.kill('SIGKILL');
  await once(process, 'exit');
}

/** Whether replicas have all that was written to their master so far. */
export async function haveCaughtUp(master: RedisServer, replicas: readonly RedisServer[]): Promise<boolean> {
  const written = await replicationOf(master);
  const states = await Promise.all(replicas.map(replicationOf));
  return states.every(({ link, offset }) => link === 'up' && offset >= written.offset);
}

async function replicationOf({ client }: RedisServer): Promise<{ link: string | undefined; offset: number }> {
  const info = await client.info('replication');
  const field = (name: string) => new RegExp(`^${name}:(\\w+)`, 'm').exec(info)?.[1];
  return { link: field('master_link_status'), offset: Number(field('master_repl_offset')) };
}

// Below the ports that the system gives to outgoing connections: one of those may take a port that was just free.
const FIRST_PORT = 10_240;
const LAST_PORT = 32_000;

const given = new Set<number>();

/** A port that nobody listens on at present, and that nobody else in this process was given. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(FIRST_PORT, LAST_PORT);
    if (given.has(port)) continue;
    const server = createServer().listen(port, '127.0.0.1');
    const free = await Promise.race([
      once(server, 'listening').then(() => true),
      once(server, 'error').then(() => false),
    ]);
    if (!free) continue;
    server.close();
    await once(server, 'close');
    given.add(port);
    return port;
  }
}
