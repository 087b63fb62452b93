import { SHARDS } from '../../../session/session-id.ts';
import type { RedisClient } from '../connection/connect.ts';
import { createKeys } from './keys.ts';

/** The store was laid out with another number of shards: this version would look for sessions where they are not. */
export class ShardsError extends Error {
  override readonly name = 'ShardsError';
}

/**
 * Writes the number of shards into an empty store, and compares it with that of a store in use.
 *
 * @throws {ShardsError} when they differ; otherwise what the client rejects with
 */
export async function claimShards(client: RedisClient, prefix: string): Promise<void> {
  const key = createKeys(prefix).shards;
  await client.setnx(key, SHARDS);
  const shards = Number(await client.get(key));
  if (shards !== SHARDS) {
    throw new ShardsError(
      `The store under ${key} has ${shards} shards, this version has ${SHARDS}: run the version it was made with, ` +
        'or set another REDIS_PREFIX to start empty.',
    );
  }
}
