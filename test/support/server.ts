import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Owner } from './owner.ts';
import { freePort } from './redis.ts';
import { ROOT } from './run.ts';
import { until } from './until.ts';

export interface ServerProcess {
  readonly url: string;
  readonly port: number;
  readonly process: ChildProcess;
  /** From the start of the process to its listening. */
  readonly startedInMs: number;
  /** All it has written so far. */
  readonly output: { stdout: string; stderr: string };
  /** Sends SIGTERM and answers how it ended, and after how long. */
  stop(): Promise<{ code: number | null; elapsedMs: number }>;
}

export interface ServerOptions {
  /** What to run, and where; `node src/server.ts` in the repository's folder by default. */
  readonly command?: readonly [string, ...string[]];
  readonly cwd?: string;
  /** Where it listens; a free port, if it is all the same. */
  readonly port?: number;
}

/** Starts the service as a process, in an environment of PATH and these settings; ends with the test. */
export async function startServer(
  t: Owner,
  env: Record<string, string> = {},
  { command = [process.execPath, 'src/server.ts'], cwd = ROOT, port: chosen }: ServerOptions = {},
): Promise<ServerProcess> {
  const port = chosen ?? (await freePort());
  const [program, ...args] = command;
  const begin = performance.now();
  const child = spawn(program, args, {
    cwd,
    env: { PATH: process.env.PATH ?? '', HOST: '127.0.0.1', ...env, PORT: `${port}` },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text) => (output.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text) => (output.stderr += text));
  const ended = () => child.exitCode !== null || child.signalCode !== null;
  t.teardown(async () => {
    if (ended()) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  });
  await until(() => output.stdout.includes('"msg":"listening') || ended(), 20_000);
  if (ended()) throw new Error(`The service did not start: ${output.stderr}`);

  return {
    url: `http://127.0.0.1:${port}`,
    port,
    process: child,
    startedInMs: performance.now() - begin,
    output,
    async stop() {
      const begin = performance.now();
      const exit = once(child, 'close');
      child.kill('SIGTERM');
      await exit;
      return { code: child.exitCode, elapsedMs: performance.now() - begin };
    },
  };
}

/** Logs in over the network. */
export function loginAt(url: string, username = 'demo', password = `${username}-password`): Promise<Response> {
  return fetch(`${url}/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ username, password }),
  });
}
