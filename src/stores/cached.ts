import { LRUCache } from 'lru-cache';
import { isLive } from '../session/policy.ts';
import { expiresAt, type Session } from '../session/session.ts';
import type { SessionStore } from '../session/store.ts';

/** Where a cache learns that what it holds is no longer so. */
export interface Invalidations {
  /**
   * A number while every change of a session that is read from now on will be told, `undefined` otherwise. An answer
   * may be kept only if the number was the same when it was asked for and when it came.
   */
  epoch(): number | undefined;
  /**
   * `changed`: that session is not as it was; `lost`: nothing that was read before may be relied on. `epoch` says then
   * whether changes are told from here on.
   */
  listen(changed: (sessionId: string) => void, lost: () => void): void;
}

export interface NearCache extends SessionStore {
  /** How many sessions are held. */
  entries(): number;
}

/** Nothing is served from here for longer, whatever the server tells. */
const LONGEST_MS = 60_000;

interface Entry {
  readonly session: Session;
  /** On the store's clock. */
  readonly until: number;
}

/** What was held when the store could last be relied on. */
interface Past {
  readonly entries: LRUCache<string, Entry>;
  /** On the clock of `performance.now()`. */
  readonly until: number;
}

interface Flight {
  readonly answer: Promise<Session | undefined>;
  /** Whether the session has changed since it was asked for. */
  stale: boolean;
}

/**
 * A near cache before a store: sessions that were read lately, dropped as soon as the store tells of a change, and
 * never served past their end. Parallel reads of one session are one. While the store can't be relied on to tell, it
 * is empty and passes everything on.
 *
 * @param max most sessions held; the least recently used go first
 * @param degraded how long, in milliseconds, sessions stay as last known when the store no longer tells of changes, and
 *   whether they may be served at present
 * @param onPropagated told how long it took, in milliseconds, until a revocation made here came back from the store
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
  let past: Past | undefined;
  const flights = new Map<string, Flight>();
  const revocations = new Map<string, number>();

  function forget(sessionId: string): void {
    entries.delete(sessionId);
    past?.entries.delete(sessionId);
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
      // What was known at the first loss stays known, until changes are told again.
      if (invalidations.epoch() !== undefined) past = undefined;
      else if (degraded.forMs > 0) past ??= { entries, until: performance.now() + degraded.forMs };
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
    return past !== undefined && performance.now() <= past.until && past.entries.size > 0;
  }

  function lastKnown(sessionId: string): Session | undefined {
    if (!hasFallback() || !degraded.isAllowed()) return undefined;
    const session = past?.entries.get(sessionId)?.session;
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

  /** Makes a change, and forgets what was known: before it is answered, and whether it succeeds or not. */
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
      // What is held promises less than a touch that went wrong may have written: it is true still, and may be all there is.
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
        // Of what was not changed here, nothing comes back.
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
