import { createHash, randomBytes, randomInt } from 'node:crypto';

/**
 * How many shards the key space has. All sessions of one user live in one shard, hence in one slot of a Redis Cluster,
 * so that every change to them can be one script.
 */
export const SHARDS = 64;

const SESSION_ID = /^[0-3][0-9a-f][A-Za-z0-9_-]{27}$/;

/** Shard of a user: the first byte of SHA-256 over the user's id, modulo the number of shards. */
export function shardOfUser(userId: string): string {
  return shardName((createHash('sha256').update(userId).digest()[0] as number) % SHARDS);
}

/** Names of all shards, `00` to `3f`. */
export const shardNames: readonly string[] = Array.from({ length: SHARDS }, (_, shard) => shardName(shard));

/** Shard of a session: the first two digits of its id. */
export function shardOfSession(sessionId: string): string {
  return sessionId.slice(0, 2);
}

/** A new public name: the shard's two digits and 160 random bits (ASVS 5.0 7.2.3 asks for 128). */
export function newSessionId(userId: string | null): string {
  const shard = userId === null ? shardName(randomInt(SHARDS)) : shardOfUser(userId);
  return shard + randomBytes(20).toString('base64url');
}

/** Whether a text has the form of a session id. It says nothing about whether that session lives. */
export function isSessionId(text: string): boolean {
  return SESSION_ID.test(text);
}

function shardName(shard: number): string {
  return shard.toString(16).padStart(2, '0');
}
