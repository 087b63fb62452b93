import { setImmediate as endOfTurn } from 'node:timers/promises';
import LocalStore from '@fastify/rate-limit/store/LocalStore.js';
import { Cluster } from 'ioredis';
import type { RedisClient } from '../connection/connect.ts';
import { withDeadline } from '../connection/deadline.ts';
import type { Guard } from '../connection/guard.ts';
import { runScript } from '../scripts/run-script.ts';

/** A login must not wait for the counter; a count that comes later is lost. */
const COUNT_DEADLINE_MS = 40;
const LOCAL_KEYS = 50_000;

interface Count {
  readonly current: number;
  /** Milliseconds until the window ends. */
  readonly ttl: number;
}
type Callback = (error: Error | null, count?: Count) => void;

interface Batch {
  readonly keys: string[];
  readonly windows: number[];
  readonly answer: Promise<number[]>;
}

/**
 * The store behind @fastify/rate-limit: counts over all pods, and its own local one while Redis does not answer in
 * time, or where there is none. A fixed window per key; the key ends with it. What is counted in one turn of the event
 * loop is one command, in a Cluster one for each key.
 */
export function createSharedCounter(deps: {
  readonly redis: { readonly client: RedisClient; readonly guard: Guard } | undefined;
  readonly prefix: string;
  readonly onFallback: (problem: Error) => void;
  readonly onShared: () => void;
}) {
  const { redis, prefix, onFallback, onShared } = deps;
  const local = new LocalStore(false, false, LOCAL_KEYS);
  let batch: Batch | undefined;
  let isLocal = false;

  // The local store returns its own mutable object, which later requests would change.
  function countLocally(key: string, done: Callback, windowMs: number, max: number): void {
    local.incr(key, (error, count) => done(error, count && { ...count }), windowMs, max);
  }

  function begin({ client }: { readonly client: RedisClient }): Batch {
    const keys: string[] = [];
    const windows: number[] = [];
    const answer = endOfTurn().then(() => {
      batch = undefined;
      return withDeadline(runScript(client, 'count', keys, windows) as Promise<number[]>, COUNT_DEADLINE_MS);
    });
    return { keys, windows, answer };
  }

  async function countShared(
    shared: { readonly client: RedisClient; readonly guard: Guard },
    key: string,
    windowMs: number,
  ): Promise<Count> {
    if (shared.guard.isOpen()) throw new Error('Redis does not answer');
    if (batch === undefined || shared.client instanceof Cluster) batch = begin(shared);
    const index = batch.keys.push(prefix + key) - 1;
    batch.windows.push(windowMs);
    const answer = await batch.answer;
    return { current: answer[index * 2] as number, ttl: answer[index * 2 + 1] as number };
  }

  return class SharedCounter {
    incr(key: string, done: Callback, windowMs: number, max: number): void {
      if (redis === undefined) {
        countLocally(key, done, windowMs, max);
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
          countLocally(key, done, windowMs, max);
        },
      );
    }

    /** Keys name their limit already, so all limits share one store. */
    child(): this {
      return this;
    }
  };
}
