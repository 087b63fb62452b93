/**
 * Names of the keys in Redis. The braces make a shard's keys share one slot of a Cluster; what a script needs beside
 * these it names itself (common.lua).
 */
export function createKeys(prefix: string) {
  return {
    /** The record of a session. */
    record: (shard: string, sessionId: string) => `${prefix}:{${shard}}:s:${sessionId}`,
    /** The number of shards this store was laid out with. */
    shards: `${prefix}:shards`,
    /** Which pod sweeps at present. */
    sweeper: `${prefix}:sweep`,
    /** How many sessions of a shard live: the one key every script is given. */
    counter: (shard: string) => `${prefix}:{${shard}}:n`,
  };
}
