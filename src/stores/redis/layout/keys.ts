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
    /** The lease of the pod that sweeps at present. */
    sweeper: `${prefix}:sweep`,
    /** How many sessions of a shard live. */
    counter: (shard: string) => `${prefix}:{${shard}}:n`,
    /**
     * The keys passed to every script: the counter, and a key that never exists. While a slot is being moved, its keys are
     * on two masters, and a script on one of them would find sessions absent that are on the other. A node refuses a
     * command with several keys if one of them is missing (TRYAGAIN), so no script runs at such a time.
     */
    ofScript: (shard: string) => [`${prefix}:{${shard}}:n`, `${prefix}:{${shard}}:-`] as const,
  };
}
