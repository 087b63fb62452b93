import { LRUCache } from 'lru-cache';
import { isLive } from '../session/policy.ts';
import { expiresAt, type Session } from '../session/session.ts';
import type { SessionStore } from '../session/store.ts';

/** Reports to a cache which of its entries are out of date. */
export interface Invalidations {
  /**
   * A number while every change of a session read from now on will be reported, `undefined` otherwise. A result may be
   * cached only if the number was the same before and after the read.
   */
  epoch(): number | undefined;
  /**
   * `changed`: that session has changed; `lost`: nothing that was read before is reliable. After `lost`, `epoch` tells
   * whether changes are reported again.
   */
  listen(changed: (sessionId: string) => void, lost: () => void): void;
}

export interface NearCache extends SessionStore {
  /** How many sessions are held. */
  entries(): number;
}

/** No entry is served for longer, even if no change is reported. */
const LONGEST_MS = 60_000;

interface Entry {
  readonly session: Session;
  /** On the store's clock. */
  readonly until: number;
}

/** What the cache held when changes were last reported. */
interface Snapshot {
  readonly entries: LRUCache<string, Entry>;
  /** On the clock of `performance.now()`. */
  readonly until: number;
}

interface Flight {
  readonly answer: Promise<Session | undefined>;
  /** Whether the session has changed since the read began. */
  stale: boolean;
}

/**
 * A near cache in front of a store: recently read sessions, dropped as soon as a change is reported, and never served snapshot
 * their end. Concurrent reads of one session share one read of the store. While changes are not reported, the cache is
 * empty and passes every read on.
 *
 * @param max maximum number of entries; the least recently used are evicted first
 * @param degraded how long, in milliseconds, a snapshot is kept when changes are no longer reported, and whether it may be
 *   served at present
 * @param onPropagated called with the milliseconds from a revocation made here until the store reported it
 */
export function cached(
  store: SessionStore,
  deps: {
    readonly max: number;
    readonly invalidations: Invalidations;
    readonly degraded: { readonly forMs: number; readonly isAllowed: () => boolean };
    readonly onPropagated: (ms: number) => void;
  },
): NearCache {
  const { max, invalidations, degraded, onPropagated } = deps;
  let entries = new LRUCache<string, Entry>({ max });
  let snapshot: Snapshot | undefined;
  const flights = new Map<string, Flight>();
  const revocations = new Map<string, number>();

  function forget(sessionId: string): void {
    entries.delete(sessionId);
    snapshot?.entries.delete(sessionId);
    const flight = flights.get(sessionId);
    if (flight !== undefined) flight.stale = true;
    flights.delete(sessionId);
  }

  invalidations.listen(
    (sessionId) => {
      forget(sessionId);
      const since = revocations.get(sessionId);
      if (since === undefined) return;
      revocations.delete(sessionId);
      onPropagated(performance.now() - since);
    },
    () => {
      // The snapshot of the first loss is kept until changes are reported again.
      if (invalidations.epoch() !== undefined) snapshot = undefined;
      else if (degraded.forMs > 0) snapshot ??= { entries, until: performance.now() + degraded.forMs };
      entries = new LRUCache<string, Entry>({ max });
      for (const flight of flights.values()) flight.stale = true;
      flights.clear();
      revocations.clear();
    },
  );

  function peek(sessionId: string): Session | undefined {
    const entry = entries.get(sessionId);
    return entry !== undefined && store.now() < entry.until ? entry.session : undefined;
  }

  function hasFallback(): boolean {
    return snapshot !== undefined && performance.now() <= snapshot.until && snapshot.entries.size > 0;
  }

  function lastKnown(sessionId: string): Session | undefined {
    if (!hasFallback() || !degraded.isAllowed()) return undefined;
    const session = snapshot?.entries.get(sessionId)?.session;
    return session !== undefined && isLive(session, store.now()) ? session : undefined;
  }

  function fetch(sessionId: string): Promise<Session | undefined> {
    const epoch = invalidations.epoch();
    if (epoch === undefined) return store.read(sessionId);
    const flight: Flight = { answer: land(), stale: false };
    flights.set(sessionId, flight);
    return flight.answer;

    async function land(): Promise<Session | undefined> {
      try {
        const session = await store.read(sessionId);
        if (session !== undefined && !flight.stale && invalidations.epoch() === epoch) {
          const until = Math.min(expiresAt(session), store.now() + LONGEST_MS);
          entries.set(sessionId, { session, until });
        }
        return session;
      } finally {
        if (flights.get(sessionId) === flight) flights.delete(sessionId);
      }
    }
  }

  /** Drops the entry once the change is done, whether it succeeded or not, and before the caller gets the result. */
  async function changing<T>(sessionId: string, change: Promise<T>): Promise<T> {
    try {
      return await change;
    } finally {
      forget(sessionId);
    }
  }

  return {
    ...store,

    peek,
    lastKnown,
    hasFallback,

    async read(sessionId, options) {
      if (options?.fresh) return store.read(sessionId, options);
      return peek(sessionId) ?? flights.get(sessionId)?.answer ?? fetch(sessionId);
    },

    async create(session) {
      const created = await store.create(session);
      if (created.status === 'created') for (const sessionId of created.evicted) forget(sessionId);
      if (session.replaces !== undefined) forget(session.replaces);
      return created;
    },

    async touch(sessionId) {
      const seen = await store.touch(sessionId);
      // After a failed touch the entry is kept: it promises no more than the store does, and may be all there is.
      forget(sessionId);
      return seen;
    },

    patch: (change) => changing(change.sessionId, store.patch(change)),
    renew: (renewal) => changing(renewal.sessionId, store.renew(renewal)),
    judge: (renewal) => changing(renewal.sessionId, store.judge(renewal)),

    async revoke(sessionId) {
      if (entries.has(sessionId)) revocations.set(sessionId, performance.now());
      let revoked: Session | undefined;
      try {
        revoked = await changing(sessionId, store.revoke(sessionId));
      } finally {
        // Nothing was changed, so nothing will be reported.
        if (revoked === undefined) revocations.delete(sessionId);
      }
      return revoked;
    },

    async revokeUser(userId, except) {
      const counted = await store.revokeUser(userId, except);
      for (const sessionId of counted.revoked) forget(sessionId);
      return counted;
    },

    entries: () => entries.size,
  };
}
