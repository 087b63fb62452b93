import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

export const ROOT = join(import.meta.dirname, '..', '..');

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  /** Beside PATH and HOME, the whole environment. */
  readonly env?: NodeJS.ProcessEnv;
  readonly input?: string;
  /** The repository's folder by default. */
  readonly cwd?: string;
  readonly timeoutMs?: number;
}

/** Runs a program to its end. */
export async function run(
  command: string,
  args: readonly string[],
  { env = {}, input = '', cwd = ROOT, timeoutMs = 30_000 }: RunOptions = {},
): Promise<Finished> {
  const child = spawn(command, args, {
    cwd,
    env: { PATH: process.env.PATH ?? '', HOME: cwd, ...env },
    timeout: timeoutMs,
  });
  child.stdin.on('error', () => undefined).end(input);
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { code: child.exitCode, stdout, stderr };
}
