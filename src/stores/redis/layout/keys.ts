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
    /** How many sessions of a shard live. */
    counter: (shard: string) => `${prefix}:{${shard}}:n`,
    /**
     * What every script is given: the counter, and a key that never exists. While the slot goes from one master of a
     * Cluster to another, some of its keys are here and some there, and a script would take what is not here for absent.
     * A node refuses a command of several keys then if one of them is missing (TRYAGAIN).
     */
    ofScript: (shard: string) => [`${prefix}:{${shard}}:n`, `${prefix}:{${shard}}:-`] as const,
  };
}
