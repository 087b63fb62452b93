import type { MetadataPatch } from './metadata.ts';
import type { LimitPolicy } from './policy.ts';
import type { Device, Metadata, Session } from './session.ts';

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

  /** The session, or `undefined` when it is absent. Changes nothing. */
  read(sessionId: string): Promise<Session | undefined>;

  /**
   * Marks the session as seen now, and moves its end accordingly: never backwards, never past the absolute end.
   * Answers the time it was last seen, or `undefined` when it is absent.
   */
  touch(sessionId: string): Promise<number | undefined>;

  /**
   * Changes the named keys of the metadata and adds one to the version. With `ifVersions`, only if the version is one
   * of them. Whatever the answer but `patched`, nothing has changed.
   */
  patch(sessionId: string, patch: MetadataPatch, ifVersions?: readonly number[]): Promise<Patched>;

  /** Ends the session and answers what it was, or `undefined` when it was absent already. */
  revoke(sessionId: string): Promise<Session | undefined>;

  /** Ends all sessions of a user but `except`, and answers how many lived. */
  revokeUser(userId: string, except?: string): Promise<Counted>;

  /** The living sessions of a user, newest first. */
  list(userId: string): Promise<readonly Session[]>;

  /** How many sessions live; those that ended in the last second may still be counted. */
  count(): Promise<number>;

  /**
   * Takes a bounded batch of the sessions that have ended by time out of all indexes. `more`: another batch is due.
   * Any number of pods may call it at any time.
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
  readonly metadata: Metadata;
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

export type Patched =
  | { readonly status: 'patched'; readonly session: Session }
  | { readonly status: 'absent' | 'version-conflict' | 'too-large' | 'not-integer' };

export interface Counted {
  readonly revoked: number;
  readonly expired: number;
}

export interface Swept {
  readonly expired: number;
  readonly more: boolean;
}
