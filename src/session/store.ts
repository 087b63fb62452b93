import type { ClaimsPatch, MetadataPatch } from './attributes.ts';
import type { LimitPolicy } from './policy.ts';
import type { Attributes, Device, Session } from './session.ts';

/**
 * Where sessions live. This page is the contract; `test/src/stores/contract.ts` holds every store to it.
 *
 * - Every method is one atomic step: another caller sees all of it or nothing.
 * - A session that is revoked or past its end is absent, and no method brings it back: what is absent is never
 *   written, whatever was in flight.
 * - Absence is an answer, not an error. The only error is `SessionError` `STORE_UNAVAILABLE`: the store can't say.
 *   A change that failed with it may or may not have been made.
 * - Time is the store's own: `now()` and all times it writes come from one clock that all pods share.
 * - Ends are counted once: each session that ends by time is reported in exactly one `expired` of one call.
 */
export interface SessionStore {
  /** What answers, for metrics. */
  readonly source: 'memory' | 'redis';

  /** The store's clock, epoch milliseconds. Costs no round trip. */
  now(): number;

  /**
   * Starts a session. With `limit`, the living sessions of its user never exceed `limit.max`: others are evicted, or
   * the answer is `limit-reached` and nothing has changed. `replaces`, a session of the same user, ends in the same
   * step, is not counted against the limit, and stays when the limit is reached.
   */
  create(session: NewSession): Promise<Created>;

  /**
   * The session, or `undefined` when it is absent. Changes nothing. A near cache may answer; with `fresh` none does.
   */
  read(sessionId: string, options?: { readonly fresh?: boolean }): Promise<Session | undefined>;

  /** The session, where that is known without asking anyone; `undefined` says nothing. */
  peek(sessionId: string): Session | undefined;

  /**
   * The session as it was when the store could last be relied on, where the store does not answer now and the
   * deployment allows it; `undefined` says nothing.
   */
  lastKnown(sessionId: string): Session | undefined;

  /** Whether there is anything to be last known, should the store not answer. */
  hasFallback(): boolean;

  /**
   * Marks the session as seen now, and moves its end accordingly: never backwards, never past the absolute end.
   * Answers the time it was last seen, or `undefined` when it is absent.
   */
  touch(sessionId: string): Promise<number | undefined>;

  /**
   * Changes the named keys of metadata and claims and adds one to the version; with `ifVersions`, only if the version is
   * one of them. While the session is locked only its holder may, and a holder only while it is locked. A change that names
   * no key is refused where others are, and changes nothing, not even the version. Whatever the answer but `patched`,
   * nothing has changed.
   */
  patch(change: SessionChange): Promise<Patched>;

  /**
   * Adds one to the generation, if the token that is presented is of the present one; answers the present state, and
   * changes nothing, where it is of a generation in grace. So all who renew the same generation get the same
   * successor. A token whose grace is over is a replay, and ends the session. Without `generation` it renews unless
   * the last renewal is still in its grace. (`standingOf` and `renewed` in policy.ts.)
   */
  renew(renewal: Renewal): Promise<Renewed>;

  /** Judges a token of an earlier generation as `renew` does, and renews nothing. */
  judge(renewal: Renewal & { readonly generation: number }): Promise<Renewed>;

  /** Ends the session and answers what it was, or `undefined` when it was absent already. */
  revoke(sessionId: string): Promise<Session | undefined>;

  /** Ends all sessions of a user but `except`, and answers which lived. */
  revokeUser(userId: string, except?: string): Promise<RevokedUser>;

  /** The living sessions of a user, newest first, a page at a time. */
  list(query: ListQuery): Promise<Page>;

  /**
   * Leases a session to one holder for a time. The fence grows with every lease, so that whoever keeps the highest it
   * has seen can refuse a holder whose lease ran out unnoticed (M. Kleppmann, "How to do distributed locking").
   */
  lock(lease: Lease): Promise<Locked>;

  /** Ends a lease before its time; `false` when `holder` does not have it. */
  unlock(lease: { readonly sessionId: string; readonly holder: string }): Promise<boolean>;

  /** How many sessions live; those that ended in the last second may still be counted. */
  count(): Promise<number>;

  /**
   * Takes sessions that have ended by time out of all indexes, as many as the store does at once. `more`: others are due.
   * Any number of pods may call it at any time, and each session is counted in one call of one of them.
   */
  sweep(): Promise<Swept>;

  /** Resolves when the store answers; rejects with `STORE_UNAVAILABLE` when it does not. */
  ping(): Promise<void>;
}

export interface NewSession {
  readonly sessionId: string;
  readonly userId: string | null;
  readonly idleMs: number;
  readonly absoluteMs: number;
  readonly remember?: boolean;
  readonly metadata: Attributes;
  /** None without it. */
  readonly claims?: Attributes;
  readonly device: Device;
  readonly limit?: { readonly max: number; readonly policy: LimitPolicy };
  readonly replaces?: string;
}

export type Created =
  | {
      readonly status: 'created';
      readonly session: Session;
      readonly evicted: readonly string[];
      /** Whether `replaces` still lived. */
      readonly replaced: boolean;
      readonly expired: number;
    }
  | { readonly status: 'limit-reached'; readonly expired: number };

export interface SessionChange {
  readonly sessionId: string;
  readonly patch: MetadataPatch;
  readonly claims?: ClaimsPatch | undefined;
  readonly ifVersions?: readonly number[] | undefined;
  /** Who has locked the session. */
  readonly holder?: string | undefined;
}

export type Patched =
  | { readonly status: 'patched'; readonly session: Session }
  | {
      readonly status:
        | 'absent'
        | 'locked'
        | 'lock-lost'
        | 'version-conflict'
        | 'metadata-too-large'
        | 'claims-too-large'
        | 'not-integer';
    };

export interface Renewal {
  readonly sessionId: string;
  /** That of the token presented. */
  readonly generation?: number;
  readonly graceMs: number;
}

export type Renewed =
  | { readonly status: 'renewed' | 'unchanged' | 'replayed'; readonly session: Session }
  | { readonly status: 'absent' };

export interface ListQuery {
  readonly userId: string;
  readonly limit: number;
  /** Where the page before ended. */
  readonly after?: Position | undefined;
}

/** A place in a user's list, which stays one when the session it names has ended. */
export interface Position {
  readonly createdAt: number;
  readonly sessionId: string;
}

export interface Page {
  readonly sessions: readonly Session[];
  /** Where to go on; `undefined` at the end. */
  readonly next: Position | undefined;
}

export interface Lease {
  readonly sessionId: string;
  readonly holder: string;
  readonly ttlMs: number;
}

export type Locked =
  | { readonly status: 'locked'; readonly fence: number; readonly expiresAt: number }
  /** Somebody else has it, for so many milliseconds at most. */
  | { readonly status: 'held'; readonly forMs: number }
  | { readonly status: 'absent' };

export interface RevokedUser {
  /** Ids of the sessions that lived. */
  readonly revoked: readonly string[];
  readonly expired: number;
}

export interface Swept {
  readonly expired: number;
  readonly more: boolean;
}
