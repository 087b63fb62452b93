import { MAX_ATTRIBUTE_BYTES, MAX_ATTRIBUTES } from '../../session/attributes.ts';
import type { Session } from '../../session/session.ts';
import { shardNames, shardOfSession, shardOfUser } from '../../session/session-id.ts';
import type { Locked, Patched, Renewal, Renewed, SessionStore } from '../../session/store.ts';
import type { RedisClock } from './coherence/clock.ts';
import { ping, type RedisClient } from './connection/connect.ts';
import type { Guard } from './connection/guard.ts';
import type { DurableWrites } from './durable-writes.ts';
import { createKeys } from './layout/keys.ts';
import { decode, encodeKey, encodeNew, encodePairs } from './layout/record.ts';
import { createReads } from './reads.ts';
import { type Argument, runScript, type ScriptName } from './scripts/run-script.ts';

const SWEEP_BATCH = 200;
// A little less than the second between two sweeps of a pod.
const SWEEP_LEASE_MS = 900;

/** Scripts whose result callers rely on: that they are logged in, that a session has ended. */
const DURABLE = new Set<ScriptName>(['create', 'renew', 'revoke', 'revoke_user']);

/**
 * Sessions in Redis: every change is one script on one shard, a read is one key of an MGET. docs/redis.md lists the keys.
 *
 * @param prefix first part of every key's name
 * @param durable how logins, renewals and revocations are written where replicas must have them
 * @param onUnreadable called for each record that exists but can't be read
 */
export function createRedisStore(deps: {
  readonly client: RedisClient;
  readonly guard: Guard;
  readonly clock: RedisClock;
  readonly prefix: string;
  readonly durable?: DurableWrites | undefined;
  readonly onUnreadable: (sessionId: string) => void;
}): SessionStore {
  const { client, guard, clock, durable, onUnreadable } = deps;
  const keys = createKeys(deps.prefix);
  const readKey = createReads(client, guard);
  let leadsUntil = 0;

  function run(script: ScriptName, shard: string, ...args: Argument[]): Promise<unknown> {
    if (durable !== undefined && DURABLE.has(script)) return durable.run(shard, script, args);
    return guard.ask(shard, script, () => runScript(client, script, keys.ofScript(shard), args));
  }

  /** Whether this pod may sweep now: the first pod to take the lease does, for about a second. */
  async function leads(): Promise<boolean> {
    if (performance.now() < leadsUntil) return true;
    const asked = performance.now();
    const lease = () => client.set(keys.sweeper, 1, 'PX', SWEEP_LEASE_MS, 'NX');
    if ((await guard.ask(keys.sweeper, 'set', lease)) === null) return false;
    leadsUntil = asked + SWEEP_LEASE_MS;
    return true;
  }

  async function renew({ sessionId, generation = 0, graceMs }: Renewal, really: boolean): Promise<Renewed> {
    const args = [sessionId, generation, graceMs, really ? 1 : 0];
    const [status, record] = (await run('renew', shardOfSession(sessionId), ...args)) as [Renewed['status'], string];
    if (status === 'absent') return { status };
    const session = readable(sessionId, record);
    return session === undefined ? { status: 'absent' } : { status, session };
  }

  function readable(sessionId: string, record: string): Session | undefined {
    const session = decode(sessionId, record);
    if (session === undefined) onUnreadable(sessionId);
    return session;
  }

  return {
    source: 'redis',

    now: clock.now,

    async create(input) {
      const { sessionId, userId, idleMs, absoluteMs, limit, replaces } = input;
      const rest = encodeNew(input);
      const [status, ...answer] = (await run(
        'create',
        shardOfSession(sessionId),
        sessionId,
        userId ?? '',
        idleMs,
        absoluteMs,
        rest,
        limit?.max ?? 0,
        limit?.policy ?? '',
        replaces ?? '',
      )) as ['created', number, number, number, ...string[]] | ['limit-reached', number];
      if (status === 'limit-reached') return { status, expired: answer[0] as number };
      const [now, expired, replaced, ...evicted] = answer as [number, number, number, ...string[]];
      const session = decode(sessionId, `[1,${now},${now},${rest}`) as Session;
      return { status: 'created', session, evicted, replaced: replaced === 1, expired };
    },

    read(sessionId) {
      const shard = shardOfSession(sessionId);
      const decoded = (record: string | null) => (record === null ? undefined : readable(sessionId, record));
      return readKey(shard, keys.record(shard, sessionId), decoded);
    },

    peek: () => undefined,

    lastKnown: () => undefined,

    hasFallback: () => false,

    async touch(sessionId) {
      return ((await run('touch', shardOfSession(sessionId), sessionId)) as number | null) ?? undefined;
    },

    async patch({ sessionId, patch: { set, remove, increment }, claims, ifVersions, holder }) {
      const change = JSON.stringify({
        set: encodePairs(set),
        remove: remove.map(encodeKey),
        increment: Object.entries(increment).map(([key, step]) => [encodeKey(key), step]),
        claims: { set: encodePairs(claims?.set ?? {}), remove: (claims?.remove ?? []).map(encodeKey) },
        versions: ifVersions ?? null,
      });
      const [status, record] = (await run(
        'patch',
        shardOfSession(sessionId),
        sessionId,
        change,
        MAX_ATTRIBUTES,
        MAX_ATTRIBUTE_BYTES,
        holder ?? '',
      )) as ['patched', string] | [Exclude<Patched['status'], 'patched'>];
      if (status !== 'patched') return { status };
      const session = readable(sessionId, record);
      return session === undefined ? { status: 'absent' } : { status, session };
    },

    renew: (renewal) => renew(renewal, true),

    judge: (renewal) => renew(renewal, false),

    async revoke(sessionId) {
      const record = (await run('revoke', shardOfSession(sessionId), sessionId)) as string | null;
      return record === null ? undefined : readable(sessionId, record);
    },

    async revokeUser(userId, except) {
      const [expired, ...revoked] = (await run('revoke_user', shardOfUser(userId), userId, except ?? '')) as [
        number,
        ...string[],
      ];
      return { revoked, expired };
    },

    async list({ userId, limit, after }) {
      const position = [after?.createdAt ?? '+inf', after?.sessionId ?? ''];
      const [next, ...found] = (await run('list', shardOfUser(userId), userId, limit, ...position)) as string[];
      const sessions: Session[] = [];
      for (let i = 0; i < found.length; i += 2) {
        const session = readable(found[i] as string, found[i + 1] as string);
        if (session !== undefined) sessions.push(session);
      }
      const [createdAt, sessionId] = (next as string).split('.');
      return { sessions, next: sessionId === undefined ? undefined : { createdAt: Number(createdAt), sessionId } };
    },

    async lock({ sessionId, holder, ttlMs }) {
      const [status, first, second] = (await run('lock', shardOfSession(sessionId), sessionId, holder, ttlMs)) as [
        Locked['status'],
        number,
        number,
      ];
      switch (status) {
        case 'locked':
          return { status, fence: first, expiresAt: second };
        case 'held':
          return { status, forMs: first };
        case 'absent':
          return { status };
      }
    },

    async unlock({ sessionId, holder }) {
      return (await run('unlock', shardOfSession(sessionId), sessionId, holder)) === 1;
    },

    async count() {
      const counts = await Promise.all(shardNames.map((shard) => readKey(shard, keys.counter(shard), Number)));
      return counts.reduce((sum, count) => sum + count, 0);
    },

    async sweep() {
      if (!(await leads())) return { expired: 0, more: false };
      const answers = await Promise.allSettled(shardNames.map((shard) => run('sweep', shard, SWEEP_BATCH)));
      // What some shards have ended is not ended again: it counts, whatever became of the others.
      const swept = answers.flatMap((answer) =>
        answer.status === 'fulfilled' ? [answer.value as [number, number]] : [],
      );
      const [first] = answers;
      if (swept.length === 0 && first?.status === 'rejected') throw first.reason;
      return {
        expired: swept.reduce((sum, [expired]) => sum + expired, 0),
        more: swept.some(([, more]) => more === 1),
      };
    },

    async ping() {
      await guard.ask('', 'ping', () => ping(client));
    },
  };
}
