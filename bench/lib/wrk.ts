import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { type Core, onCore } from './process.ts';

export interface Load {
  readonly url: string;
  readonly headers: Record<string, string>;
  readonly seconds: number;
  readonly connections?: number;
  /** A wrk script and its arguments. */
  readonly script?: readonly [file: string, ...args: string[]];
  readonly core?: Core;
  /** After which an answer counts as lost; 2 by default. */
  readonly timeoutSeconds?: number;
  /** Whether nothing is measured yet: a store may be too slow for its deadline while all is being compiled. */
  readonly warmUp?: boolean;
}

export interface LoadResult {
  readonly requests: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** An answer that was no success, or a connection that broke. */
export class LoadError extends Error {
  override readonly name = 'LoadError';
}

/** Microseconds each. */
const UNITS: Record<string, number> = { us: 1, ms: 1000, s: 1_000_000, m: 60_000_000 };

/**
 * Loads one address with wrk: one thread, connections kept alive.
 *
 * @throws when an answer was no success, or a connection broke
 */
export async function runWrk(load: Load): Promise<LoadResult> {
  const {
    url,
    headers,
    seconds,
    connections = 64,
    script = [],
    core = 'load',
    timeoutSeconds = 2,
    warmUp = false,
  } = load;
  const [file, ...args] = script;
  const [program, ...rest] = onCore(core, [
    'wrk',
    '-t1',
    `-c${connections}`,
    `-d${seconds}s`,
    `--timeout=${timeoutSeconds}s`,
    '--latency',
    ...(file === undefined ? [] : ['-s', file]),
    ...Object.entries(headers).flatMap(([name, value]) => ['-H', `${name}: ${value}`]),
    url,
    ...(args.length === 0 ? [] : ['--', ...args]),
  ]);
  const child = spawn(program, rest, { stdio: ['ignore', 'pipe', 'pipe'] });
  const [output, problem] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  if (child.exitCode !== 0) throw new Error(`wrk failed: ${output}${problem}`);
  return parseWrk(output, { strict: !warmUp });
}

/** Reads what `wrk --latency` prints. @throws when it tells of errors, or is something else */
export function parseWrk(output: string, { strict = true } = {}): LoadResult {
  const errors = /^\s*(Non-2xx.*|Socket errors.*)$/m.exec(output)?.[1];
  if (strict && errors !== undefined) throw new LoadError(`not every request was answered well: ${errors}`);
  const requests = Number(/(\d+) requests in/.exec(output)?.[1]);
  const perSecond = Number(/Requests\/sec:\s+([\d.]+)/.exec(output)?.[1]);
  const [p50Ms, p99Ms] = [percentile(output, 50), percentile(output, 99)];
  if (![requests, perSecond, p50Ms, p99Ms].every(Number.isFinite)) throw new Error(`wrk printed:\n${output}`);
  return { requests, perSecond, p50Ms, p99Ms };
}

function percentile(output: string, percent: number): number {
  const [, value, unit = ''] = new RegExp(`^\\s*${percent}%\\s+([\\d.]+)(us|ms|s|m)\\s*$`, 'm').exec(output) ?? [];
  return (Number(value) * (UNITS[unit] ?? Number.NaN)) / 1000;
}

/** Measures, and measures again where that is allowed. */
export type Again = <T>(measure: () => Promise<T>) => Promise<T>;

/**
 * Lets a load that went wrong be repeated so many times: for machines that others use too, on which a store comes too
 * late for its deadline now and then. With 0, the first answer that is no success is the end.
 */
export function againUpTo(times: number, onAgain: () => void): Again {
  let left = times;
  return async function again(measure) {
    for (;;) {
      try {
        return await measure();
      } catch (error) {
        if (!(error instanceof LoadError) || left <= 0) throw error;
        left -= 1;
        onAgain();
      }
    }
  };
}
