import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { RedisClient } from './connect.ts';

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
  | 'recount';

interface Script {
  readonly lua: string;
  readonly sha: string;
}

const common = readLua('common');
const scripts = new Map<ScriptName, Script>();

/**
 * Runs a script on one shard: EVALSHA, and the text itself only where Redis does not know it yet.
 *
 * @param counter the shard's counter, `KEYS[1]` of every script
 */
export async function runScript(
  client: RedisClient,
  name: ScriptName,
  counter: string,
  args: readonly (string | number)[],
): Promise<unknown> {
  const { lua, sha } = load(name);
  try {
    return await client.evalsha(sha, 1, counter, ...args);
  } catch (error) {
    if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error;
    return client.eval(lua, 1, counter, ...args);
  }
}

function load(name: ScriptName): Script {
  let script = scripts.get(name);
  if (script === undefined) {
    const lua = `${common}\n${readLua(name)}`;
    script = { lua, sha: createHash('sha1').update(lua).digest('hex') };
    scripts.set(name, script);
  }
  return script;
}

function readLua(name: string): string {
  return readFileSync(new URL(`${name}.lua`, import.meta.url), 'utf8');
}
