import { setImmediate as endOfTurn } from 'node:timers/promises';
import { Cluster } from 'ioredis';
import type { RedisClient } from '../connection/connect.ts';
import { withDeadline } from '../connection/deadline.ts';
import type { Guard } from '../connection/guard.ts';
import { runScript } from '../scripts/run-script.ts';
import { type Count, createLocalCounter } from './local-counter.ts';

/** A login must not wait for the counter; a count that comes later is lost. */
const COUNT_DEADLINE_MS = 40;

type Callback = (error: Error | null, count?: Count) => void;

interface Batch {
  readonly keys: string[];
  readonly windows: number[];
  readonly answer: Promise<unknown>;
}

/**
 * Counts over all pods, and in this process alone while Redis does not answer in time, or where there is none. A fixed
 * window per key; the key ends with it. What is counted in one turn of the event loop is one command, in a Cluster one
 * for each key.
 *
 * @returns `Store`, for @fastify/rate-limit; and `giveBack`, which takes one count back
 */
export function createSharedCounter(deps: {
  readonly redis: { readonly client: RedisClient; readonly guard: Guard } | undefined;
  readonly prefix: string;
  readonly onFallback: (problem: Error) => void;
  readonly onShared: () => void;
}) {
  const { redis, prefix, onFallback, onShared } = deps;
  const local = createLocalCounter();
  const batches = new Map<'count' | 'uncount', Batch>();
  let isLocal = false;

  function begin(client: RedisClient, script: 'count' | 'uncount'): Batch {
    const keys: string[] = [];
    const windows: number[] = [];
    const answer = endOfTurn().then(() => {
      batches.delete(script);
      return withDeadline(runScript(client, script, keys, windows), COUNT_DEADLINE_MS);
    });
    return { keys, windows, answer };
  }

  /** The present batch of a script, to add keys to. */
  function batchOf({ client, guard }: NonNullable<typeof redis>, script: 'count' | 'uncount'): Batch {
    if (guard.isOpen()) throw new Error('Redis does not answer');
    let batch = batches.get(script);
    if (batch === undefined || client instanceof Cluster) {
      batch = begin(client, script);
      batches.set(script, batch);
    }
    return batch;
  }

  async function countShared(shared: NonNullable<typeof redis>, key: string, windowMs: number): Promise<Count> {
    const batch = batchOf(shared, 'count');
    const index = batch.keys.push(prefix + key) - 1;
    batch.windows.push(windowMs);
    const answer = (await batch.answer) as number[];
    return { current: answer[index * 2] as number, ttl: answer[index * 2 + 1] as number };
  }

  async function giveBackShared(shared: NonNullable<typeof redis>, key: string): Promise<void> {
    const batch = batchOf(shared, 'uncount');
    batch.keys.push(prefix + key);
    await batch.answer;
  }

  class Store {
    incr(key: string, done: Callback, windowMs: number): void {
      if (redis === undefined) {
        done(null, local.count(key, windowMs));
        return;
      }
      countShared(redis, key, windowMs).then(
        (count) => {
          if (isLocal) onShared();
          isLocal = false;
          done(null, count);
        },
        (problem) => {
          if (!isLocal) onFallback(problem);
          isLocal = true;
          done(null, local.count(key, windowMs));
        },
      );
    }

    /** Keys name their limit already, so all limits share one store. */
    child(): this {
      return this;
    }
  }

  return {
    Store,

    /** Takes one count back, in the background: what Redis does not learn in time stays counted. */
    giveBack(key: string): void {
      if (redis === undefined || isLocal) local.giveBack(key);
      else giveBackShared(redis, key).catch(() => undefined);
    },
  };
}
