import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { RedisClient } from '../connection/connect.ts';

export type ScriptName =
  | 'create'
  | 'touch'
  | 'patch'
  | 'renew'
  | 'revoke'
  | 'revoke_user'
  | 'list'
  | 'lock'
  | 'unlock'
  | 'sweep'
  | 'repair'
  | 'recount'
  | 'count'
  | 'uncount';

export type Argument = string | number;

export interface Script {
  readonly lua: string;
  readonly sha: string;
}

// These know no session.
const OF_LIMITS = new Set<ScriptName>(['count', 'uncount']);
const common = readLua('common');
const scripts = new Map<ScriptName, Script>();

/**
 * Runs a script on one shard: EVALSHA, and the text itself only where Redis does not know it yet.
 *
 * @param keys of a script on sessions, those of `ofScript` in keys.ts
 */
export async function runScript(
  client: RedisClient,
  name: ScriptName,
  keys: readonly string[],
  args: readonly Argument[],
): Promise<unknown> {
  const { lua, sha } = loadScript(name);
  try {
    return await client.evalsha(sha, keys.length, ...keys, ...args);
  } catch (error) {
    if (!isUnknownScript(error)) throw error;
    return client.eval(lua, keys.length, ...keys, ...args);
  }
}

/** Whether Redis does not have the script that was named by its hash. */
export function isUnknownScript(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('NOSCRIPT');
}

/** The text of a script and its SHA-1, by which Redis remembers it. */
export function loadScript(name: ScriptName): Script {
  let script = scripts.get(name);
  if (script === undefined) {
    const lua = OF_LIMITS.has(name) ? readLua(name) : `${common}\n${readLua(name)}`;
    script = { lua, sha: createHash('sha1').update(lua).digest('hex') };
    scripts.set(name, script);
  }
  return script;
}

function readLua(name: string): string {
  return readFileSync(new URL(`${name}.lua`, import.meta.url), 'utf8');
}
