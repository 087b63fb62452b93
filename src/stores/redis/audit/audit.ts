import { setTimeout as pause } from 'node:timers/promises';
import { Cluster } from 'ioredis';
import { expiresAt, type Session } from '../../../session/session.ts';
import { shardNames } from '../../../session/session-id.ts';
import type { RedisClient } from '../connection/connect.ts';
import { createKeys } from '../layout/keys.ts';
import { runScript } from '../scripts/run-script.ts';
import { readShard, type Shard } from './shard-reader.ts';

/** What can be wrong with a store; `recount` is about a shard, the others about a session. */
export type Breach = 'record' | 'expiry' | 'listing' | 'orphan' | 'schedule' | 'recount';

export interface Finding {
  readonly breach: Breach;
  readonly shard: string;
  readonly sessionId: string;
  readonly userId: string | null;
  readonly session?: Session;
  readonly drift?: number;
}

export interface AuditReport {
  readonly sessions: number;
  /** Records of another format: their sessions count as absent until they end. */
  readonly otherFormat: number;
  readonly findings: readonly Finding[];
  /** The findings that were repaired. */
  readonly repaired: readonly Finding[];
}

// A sweep runs every second while pods run: what it would settle by itself is no breach.
const SETTLE_MS = 2500;
const SCAN_COUNT = 1000;

/**
 * Walks a live store in bounded steps and holds it to its invariants: every record can be read, every session ends by itself, stands in its
 * user's index and in the schedule, every index entry has a living session, and the counters agree with the indexes.
 * What is found is looked at a second time after the store had time to settle.
 *
 * @param onProgress called with the number of shards done, of 64
 * @throws what the client rejects with
 */
export async function auditStore(deps: {
  readonly client: RedisClient;
  readonly prefix: string;
  readonly repair: boolean;
  readonly onProgress: (shards: number) => void;
}): Promise<AuditReport> {
  const { client, prefix, repair, onProgress } = deps;
  const keys = createKeys(prefix);
  let sessions = 0;
  let otherFormat = 0;

  const names = await keyNames(client, prefix);
  const suspects: Finding[] = [];
  for (const [position, shard] of shardNames.entries()) {
    const contents = await readShard(client, prefix, shard, names.get(shard) ?? []);
    sessions += contents.records.size;
    otherFormat += [...contents.records.values()].filter(({ state }) => state === 'other-format').length;
    suspects.push(...(await inspect(contents)));
    onProgress(position + 1);
  }
  const findings = suspects.length === 0 ? [] : await confirm(suspects);
  const repaired: Finding[] = [];
  if (repair) for (const finding of findings) if ((await mend(finding)) === 1) repaired.push(finding);
  return { sessions, otherFormat, findings, repaired };

  async function inspect(contents: Shard): Promise<Finding[]> {
    const { shard, records, listed, scheduled } = contents;
    const found: Finding[] = [];
    for (const [sessionId, { session, state, expires }] of records) {
      if (state === 'broken') {
        found.push({ breach: 'record', shard, sessionId, userId: listed.get(sessionId) || null });
      }
      if (session === undefined) continue;
      const { userId } = session;
      const report = (breach: Breach) => found.push({ breach, shard, sessionId, userId, session });
      if (!expires) report('expiry');
      if (listed.get(sessionId) !== (userId ?? '')) report('listing');
      if (!scheduled.has(sessionId)) report('schedule');
    }
    for (const [sessionId, user] of listed) {
      if (records.has(sessionId) || (await client.exists(keys.record(shard, sessionId))) === 1) continue;
      found.push({ breach: 'orphan', shard, sessionId, userId: user === '' ? null : user });
    }
    const drift = await recount(contents, false);
    if (drift !== 0) found.push({ breach: 'recount', shard, sessionId: '', userId: null, drift });
    return found;
  }

  /** Those of the suspects that are still there once the store has settled. */
  async function confirm(suspects: readonly Finding[]): Promise<Finding[]> {
    await pause(SETTLE_MS);
    const names = await keyNames(client, prefix);
    const confirmed: Finding[] = [];
    for (const shard of new Set(suspects.map((suspect) => suspect.shard))) {
      const again = await inspect(await readShard(client, prefix, shard, names.get(shard) ?? []));
      const before = new Set(suspects.map(nameOf));
      confirmed.push(...again.filter((finding) => before.has(nameOf(finding))));
    }
    return confirmed;
  }

  async function mend({ breach, shard, sessionId, userId, session }: Finding): Promise<number> {
    if (breach === 'recount') {
      const names = await keyNames(client, prefix);
      await recount(await readShard(client, prefix, shard, names.get(shard) ?? []), true);
      return 1;
    }
    const end = session === undefined ? '' : expiresAt(session);
    const args = [breach, sessionId, userId ?? '', end, session?.createdAt ?? ''];
    return (await runScript(client, 'repair', keys.ofScript(shard), args)) as number;
  }

  async function recount({ shard, users }: Shard, set: boolean): Promise<number> {
    return (await runScript(client, 'recount', keys.ofScript(shard), [set ? 1 : 0, ...users])) as number;
  }
}

/** All key names of the store by shard, without what all names of a shard start with. Steps of SCAN. */
async function keyNames(client: RedisClient, prefix: string): Promise<Map<string, string[]>> {
  const names = new Map<string, string[]>();
  const start = prefix.length + 2;
  for (const server of client instanceof Cluster ? client.nodes('master') : [client]) {
    let cursor = '0';
    do {
      const [next, keys] = await server.scan(cursor, 'MATCH', `${prefix}:{*`, 'COUNT', SCAN_COUNT);
      cursor = next;
      for (const key of keys) {
        const shard = key.slice(start, start + 2);
        const rest = key.slice(start + 4);
        const known = names.get(shard);
        if (known === undefined) names.set(shard, [rest]);
        else known.push(rest);
      }
    } while (cursor !== '0');
  }
  return names;
}

function nameOf({ breach, shard, sessionId, drift }: Finding): string {
  return `${breach} ${shard} ${sessionId} ${drift ?? ''}`;
}
