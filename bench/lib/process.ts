import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

export const ROOT = join(import.meta.dirname, '..', '..');

/** The core a process is kept on: servers have one of their own, load and Redis share the other. */
export type Core = 'server' | 'load' | 'any';

export interface Started {
  readonly pid: number;
  /** Sends SIGTERM, and SIGKILL where that does not help. */
  stop(): Promise<void>;
}

const STARTS_WITHIN_MS = 20_000;
const STOPS_WITHIN_MS = 5000;
// USER_HZ is 100 on every Linux that Node runs on.
const MS_PER_TICK = 10;

const running = new Set<ChildProcess>();
const folders: string[] = [];
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** A folder that goes with this process, however it ends. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'sessiond-bench-'));
  folders.push(folder);
  return folder;
}

/** Whether processes can be kept on cores here. */
export const pinned = availableParallelism() > 1 && hasProgram('taskset');

export function hasProgram(name: string): boolean {
  return spawnSync('which', [name]).status === 0;
}

/** A command line, kept on a core where that is possible. */
export function onCore(core: Core, command: readonly [string, ...string[]]): [string, ...string[]] {
  if (!pinned || core === 'any') return [...command];
  return ['taskset', '-c', core === 'server' ? '0' : '1', ...command];
}

/**
 * Starts a process that listens, and waits until it says so.
 *
 * @param options `sign`: a text it writes once it listens; `within`: how long that may take, milliseconds
 * @throws with what it wrote, when it ends before
 */
export async function start(
  command: readonly [string, ...string[]],
  options: {
    readonly core: Core;
    readonly env?: Readonly<Record<string, string>>;
    readonly sign: string;
    readonly within?: number;
  },
): Promise<Started> {
  const { core, env = {}, sign, within = STARTS_WITHIN_MS } = options;
  const [program, ...args] = onCore(core, command);
  const child = spawn(program, args, {
    cwd: ROOT,
    env: { PATH: process.env.PATH ?? '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.add(child);
  child.once('exit', () => running.delete(child));
  let output = '';
  let listening = false;
  const take = (text: string) => {
    if (listening) return;
    output += text;
    listening = output.includes(sign);
  };
  child.stdout.setEncoding('utf8').on('data', take);
  child.stderr.setEncoding('utf8').on('data', take);
  const deadline = Date.now() + within;
  while (!listening) {
    if (!running.has(child) || Date.now() > deadline) throw new Error(`${command.join(' ')} did not start:\n${output}`);
    await pause(20);
  }
  return {
    pid: child.pid as number,
    async stop() {
      if (!running.has(child)) return;
      const exit = once(child, 'exit');
      child.kill('SIGTERM');
      const killer = setTimeout(() => child.kill('SIGKILL'), STOPS_WITHIN_MS);
      await exit;
      clearTimeout(killer);
    },
  };
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

/** CPU time a process has used so far, user and system, milliseconds (proc(5), stat, fields 14 and 15). */
export function cpuMs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The second field is the program's name, in parentheses, with whatever is in it.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * MS_PER_TICK;
}

/** Resident memory of a process, bytes. */
export function residentBytes(pid: number): number {
  return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024;
}
