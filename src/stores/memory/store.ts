import { isEmptyPatch, patchAttributes } from '../../session/attributes.ts';
import { isInGrace, isLive, type LimitPolicy, renewed, standingOf } from '../../session/policy.ts';
import { expiresAt, type Session } from '../../session/session.ts';
import type { Position, Renewal, Renewed, SessionStore } from '../../session/store.ts';
import { createSchedule } from './schedule.ts';

const NO_CLAIMS = { set: {}, remove: [] };

/**
 * The embedded store: one process, nothing outlives it. Every method runs to its end without waiting, which makes it
 * atomic. Mirrors the Redis store: an index of each user's sessions in the order of their creation, and a schedule of
 * ids by the second they are due, looked at again when that second has passed.
 */
export function createMemoryStore({ now = Date.now }: { readonly now?: () => number } = {}): SessionStore {
  const records = new Map<string, Session>();
  const index = new Map<string, Set<string>>();
  const schedule = createSchedule(now());
  const leases = new Map<string, { holder: string; expiresAt: number }>();
  let fence = 0;

  function living(sessionId: string): Session | undefined {
    const session = records.get(sessionId);
    return session !== undefined && isLive(session, now()) ? session : undefined;
  }

  function heldLease(sessionId: string): { holder: string; expiresAt: number } | undefined {
    const lease = leases.get(sessionId);
    return lease !== undefined && now() < lease.expiresAt ? lease : undefined;
  }

  function judge({ sessionId, generation, graceMs }: Renewal): Renewed {
    const session = living(sessionId);
    if (session === undefined) return { status: 'absent' };
    if (generation === undefined || standingOf(session, generation, graceMs, now()) !== 'replay') {
      return { status: 'unchanged', session };
    }
    remove(session);
    return { status: 'replayed', session };
  }

  function livingOf(userId: string): Session[] {
    const ids = index.get(userId) ?? [];
    return [...ids].map(living).filter((session) => session !== undefined);
  }

  function insert(session: Session): void {
    records.set(session.sessionId, session);
    if (session.userId !== null) {
      const ids = index.get(session.userId);
      if (ids === undefined) index.set(session.userId, new Set([session.sessionId]));
      else ids.add(session.sessionId);
    }
    schedule.add(session.sessionId, expiresAt(session));
  }

  function remove(session: Session): void {
    records.delete(session.sessionId);
    leases.delete(session.sessionId);
    if (session.userId === null) return;
    const ids = index.get(session.userId);
    ids?.delete(session.sessionId);
    if (ids?.size === 0) index.delete(session.userId);
  }

  return {
    source: 'memory',

    now,

    async create({ limit, replaces, idleMs, absoluteMs, remember = false, claims = {}, ...rest }) {
      const old = replaces === undefined ? undefined : living(replaces);
      const others = rest.userId === null ? [] : livingOf(rest.userId).filter((other) => other !== old);
      const excess = limit === undefined ? 0 : others.length + 1 - limit.max;
      if (excess > 0 && limit?.policy === 'reject') return { status: 'limit-reached', expired: 0 };
      const evicted = excess > 0 && limit !== undefined ? inEvictionOrder(others, limit.policy).slice(0, excess) : [];
      for (const session of evicted) remove(session);
      if (old !== undefined) remove(old);
      const at = now();
      const session: Session = {
        ...rest,
        claims,
        remember,
        createdAt: at,
        authenticatedAt: rest.userId === null ? null : at,
        lastSeenAt: at,
        idleMs,
        absoluteExpiresAt: at + absoluteMs,
        generation: 1,
        renewedAt: at,
        graceGeneration: 1,
        version: 1,
      };
      insert(session);
      return {
        status: 'created',
        session,
        evicted: evicted.map(({ sessionId }) => sessionId),
        replaced: old !== undefined,
        expired: 0,
      };
    },

    async read(sessionId) {
      return living(sessionId);
    },

    peek: living,

    lastKnown: () => undefined,

    hasFallback: () => false,

    async touch(sessionId) {
      const session = living(sessionId);
      if (session === undefined) return undefined;
      const lastSeenAt = Math.max(session.lastSeenAt, now());
      records.set(sessionId, { ...session, lastSeenAt });
      return lastSeenAt;
    },

    async patch({ sessionId, patch, claims: claimsPatch = NO_CLAIMS, ifVersions, holder }) {
      const session = living(sessionId);
      if (session === undefined) return { status: 'absent' };
      const lease = heldLease(sessionId);
      if (lease !== undefined && lease.holder !== holder) return { status: 'locked' };
      if (lease === undefined && holder !== undefined) return { status: 'lock-lost' };
      if (ifVersions !== undefined && !ifVersions.includes(session.version)) return { status: 'version-conflict' };
      if (isEmptyPatch(patch) && isEmptyPatch(claimsPatch)) return { status: 'patched', session };
      const metadata = patchAttributes(session.metadata, patch);
      if (metadata.status === 'not-integer') return metadata;
      if (metadata.status === 'too-large') return { status: 'metadata-too-large' };
      const claims = patchAttributes(session.claims, claimsPatch);
      if (claims.status !== 'patched') return { status: 'claims-too-large' };
      const version = session.version + 1;
      const patched = { ...session, metadata: metadata.attributes, claims: claims.attributes, version };
      records.set(sessionId, patched);
      return { status: 'patched', session: patched };
    },

    async renew(renewal) {
      const { generation, graceMs } = renewal;
      const judged = judge(renewal);
      if (judged.status !== 'unchanged') return judged;
      const { session } = judged;
      const again = generation === undefined && isInGrace(session, graceMs, now());
      if (again || (generation !== undefined && generation < session.generation)) return judged;
      const next = renewed(session, generation ?? session.generation, graceMs, now());
      records.set(session.sessionId, next);
      return { status: 'renewed', session: next };
    },

    async judge(renewal) {
      return judge(renewal);
    },

    async revoke(sessionId) {
      const session = living(sessionId);
      if (session !== undefined) remove(session);
      return session;
    },

    async revokeUser(userId, except) {
      const doomed = livingOf(userId).filter((session) => session.sessionId !== except);
      for (const session of doomed) remove(session);
      return { revoked: doomed.map(({ sessionId }) => sessionId), expired: 0 };
    },

    async list({ userId, limit, after }) {
      const newestFirst = livingOf(userId).toSorted(byPosition);
      const rest = after === undefined ? newestFirst : newestFirst.filter((session) => byPosition(after, session) < 0);
      const sessions = rest.slice(0, limit);
      return { sessions, next: rest.length > limit ? sessions.at(-1) : undefined };
    },

    async lock({ sessionId, holder, ttlMs }) {
      if (living(sessionId) === undefined) return { status: 'absent' };
      const held = heldLease(sessionId);
      if (held !== undefined) return { status: 'held', forMs: held.expiresAt - now() };
      fence = Math.max(fence + 1, now());
      const expiresAt = now() + ttlMs;
      leases.set(sessionId, { holder, expiresAt });
      return { status: 'locked', fence, expiresAt };
    },

    async unlock({ sessionId, holder }) {
      return heldLease(sessionId)?.holder === holder && leases.delete(sessionId);
    },

    async count() {
      return records.size;
    },

    async sweep() {
      const at = now();
      let expired = 0;
      for (const session of schedule.takeDue(at).map((id) => records.get(id))) {
        if (session === undefined) continue;
        if (isLive(session, at)) {
          schedule.add(session.sessionId, expiresAt(session));
        } else {
          remove(session);
          expired += 1;
        }
      }
      return { expired, more: false };
    },

    async ping() {},
  };
}

function inEvictionOrder(sessions: Session[], policy: LimitPolicy): Session[] {
  return policy === 'evict-least-recent' ? sessions.toSorted((a, b) => a.lastSeenAt - b.lastSeenAt) : sessions;
}

/** Newest first, and of the same millisecond by id, as a sorted set read backwards has them. */
function byPosition(a: Position, b: Position): number {
  return b.createdAt - a.createdAt || Number(a.sessionId < b.sessionId) - Number(a.sessionId > b.sessionId);
}
