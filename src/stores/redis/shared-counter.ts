import LocalStore from '@fastify/rate-limit/store/LocalStore.js';
import RedisStore from '@fastify/rate-limit/store/RedisStore.js';
import { type RedisClient, withDeadline } from './connect.ts';

/** Limits may be a little off; a login may not wait for them. */
const COUNT_DEADLINE_MS = 40;
const LOCAL_KEYS = 50_000;

type Count = { current: number; ttl: number };
type Callback = (error: Error | null, count?: Count) => void;

/**
 * The store behind @fastify/rate-limit: its own Redis store over all pods, and its own local one while Redis does not
 * answer in time, or where there is none. A fixed window per key; the key ends with it.
 */
export function createSharedCounter(deps: {
  readonly client: RedisClient | undefined;
  readonly prefix: string;
  readonly onFallback: (problem: Error) => void;
  readonly onShared: () => void;
}) {
  const { client, prefix, onFallback, onShared } = deps;
  const local = new LocalStore(false, false, LOCAL_KEYS);
  const shared = client === undefined ? undefined : new RedisStore(false, false, client, prefix);
  let fallen = false;

  // The local store answers with the object it counts on in, so a caller would see what others have added since.
  function countHere(key: string, done: Callback, windowMs: number, max: number): void {
    local.incr(key, (error, count) => done(error, count && { ...count }), windowMs, max);
  }

  function countShared(store: RedisStore, key: string, windowMs: number, max: number): Promise<Count | undefined> {
    const counted = new Promise<Count | undefined>((resolve, reject) => {
      store.incr(key, (error, count) => (error === null ? resolve(count) : reject(error)), windowMs, max);
    });
    return withDeadline(counted, COUNT_DEADLINE_MS);
  }

  return class SharedCounter {
    incr(key: string, done: Callback, windowMs: number, max: number): void {
      if (shared === undefined) {
        countHere(key, done, windowMs, max);
        return;
      }
      countShared(shared, key, windowMs, max).then(
        (count) => {
          if (fallen) onShared();
          fallen = false;
          done(null, count);
        },
        (problem) => {
          if (!fallen) onFallback(problem);
          fallen = true;
          countHere(key, done, windowMs, max);
        },
      );
    }

    /** Keys name their limit already, so all limits share one store. */
    child(): this {
      return this;
    }
  };
}
