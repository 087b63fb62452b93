import { ask } from '../lib/answer.ts';
import { median } from '../lib/numbers.ts';
import { cpuMs } from '../lib/process.ts';
import { callsBetween, commandCalls } from '../lib/redis.ts';
import { type Again, runWrk } from '../lib/wrk.ts';
import type { Target } from '../targets.ts';
import { type Running, startTargets } from './start-targets.ts';

/** What one target did in one round. */
export interface Sample {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** CPU time of the server, microseconds per request. */
  readonly cpuUs: number;
  /** Commands that Redis ran, per request. */
  readonly commands: number;
}

export type Samples = ReadonlyMap<Target, readonly Sample[]>;

// Until the compiler has seen enough, however little of the machine there is.
const WARM_AFTER_REQUESTS = 40_000;
const LONGEST_WARM_UP_ROUNDS = 10;
const WARM_UP_SECONDS = 1;

/**
 * Measures the targets in rounds, one after the other in each, so that what the machine does besides falls on all. All
 * are running all the time, each on a Redis of its own.
 */
export async function measureThroughput(options: {
  readonly targets: readonly Target[];
  readonly users: string;
  readonly rounds: number;
  readonly seconds: number;
  readonly again: Again;
  readonly onStep: (step: string) => void;
}): Promise<Samples> {
  const { targets, rounds, seconds, again, onStep } = options;
  const { running, stop } = await startTargets(targets, options.users);
  const samples = new Map<Target, Sample[]>(targets.map((target) => [target, []]));
  try {
    for (const one of running) {
      onStep(`warming ${one.target.label}`);
      await warmUp(one);
    }
    for (let round = 1; round <= rounds; round += 1) {
      for (const one of running) {
        onStep(`round ${round} of ${rounds}: ${one.target.label}`);
        await runWrk({ url: one.url, headers: one.headers, seconds: WARM_UP_SECONDS, warmUp: true });
        samples.get(one.target)?.push(await again(() => measure(one, seconds)));
      }
    }
    for (const { url, headers } of running) await ask(url, headers);
    return samples;
  } finally {
    await stop();
  }
}

/** The median over the rounds of what is picked of each sample. */
export function middle(samples: readonly Sample[], pick: (sample: Sample) => number): number {
  return median(samples.map(pick));
}

/** The median over the rounds of the ratio of one target to another in the same round. */
export function ratio(of: readonly Sample[], against: readonly Sample[], pick: (sample: Sample) => number): number {
  return median(of.map((sample, round) => pick(sample) / pick(against[round] as Sample)));
}

async function warmUp({ url, headers }: Running): Promise<void> {
  let requests = 0;
  for (let round = 0; round < LONGEST_WARM_UP_ROUNDS && requests < WARM_AFTER_REQUESTS; round += 1) {
    requests += (await runWrk({ url, headers, seconds: WARM_UP_SECONDS, warmUp: true })).requests;
  }
}

async function measure({ url, headers, pid, redis }: Running, seconds: number): Promise<Sample> {
  const callsBefore = await commandCalls(redis.client);
  const cpuBefore = cpuMs(pid);
  const { requests, perSecond, p50Ms, p99Ms } = await runWrk({ url, headers, seconds });
  const cpuUs = ((cpuMs(pid) - cpuBefore) * 1000) / requests;
  const calls = callsBetween(callsBefore, await commandCalls(redis.client));
  return { perSecond, p50Ms, p99Ms, cpuUs, commands: calls / requests };
}
