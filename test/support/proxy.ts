import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Owner } from './owner.ts';
import { until } from './until.ts';

/** Where a proxy should listen, and what stands behind it; each as `host:port`. */
export interface Addresses {
  readonly listen: string;
  readonly sessiond: readonly string[];
  readonly app: string;
}

/** Starts a proxy of the test's own with these addresses. */
export type StartProxy = (t: Owner, addresses: Addresses) => Promise<void>;

/** An empty folder that goes with the test. */
export async function folderOf(t: Owner, name: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), `sessiond-${name}-`));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Runs a proxy in the foreground, as one process, and waits until it listens; ends with the test. */
export async function startProxy(
  t: Owner,
  { listen }: Addresses,
  [program, ...args]: readonly [string, ...string[]],
  env: Record<string, string> = {},
): Promise<void> {
  const child = spawn(program, args, {
    env: { PATH: `${process.env.PATH}:/usr/sbin`, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (output += text));
  const ended = () => child.exitCode !== null || child.signalCode !== null;
  t.teardown(async () => {
    if (ended()) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  });
  await until(async () => ended() || (await listens(listen)), 10_000);
  if (ended()) throw new Error(`${program} did not start: ${output}`);
}

async function listens(address: string): Promise<boolean> {
  const [host, port] = address.split(':');
  const socket = connect(Number(port), host);
  const answer = await once(socket, 'connect').then(
    () => true,
    () => false,
  );
  socket.destroy();
  return answer;
}
