import { expiresAt, type Session } from './session.ts';

/** What to do when a user who has `MAX_SESSIONS_PER_USER` sessions logs in once more. */
export type LimitPolicy = 'evict-oldest' | 'evict-least-recent' | 'reject';

/** The rules a deployment sets for all its sessions. Spans are milliseconds. */
export interface SessionPolicy {
  readonly idleMs: number;
  readonly absoluteMs: number;
  /** The timeouts of sessions whose users want to stay logged in. */
  readonly remembered: { readonly idleMs: number; readonly absoluteMs: number };
  readonly touchMs: number;
  /** How long the generations before the present one stay good after a renewal. */
  readonly graceMs: number;
  readonly maxPerUser: number;
  readonly limitPolicy: LimitPolicy;
}

/** Whether neither the idle nor the absolute end has come (ASVS 5.0 7.3.1, 7.3.2). */
export function isLive(session: Session, now: number): boolean {
  return now < expiresAt(session);
}

/**
 * Whether this activity must be written to the store. A session in use is written once per touch interval, and
 * the interval is never more than a tenth of the session's idle timeout, so that a reader is never off by more.
 */
export function needsTouch(session: Session, policy: SessionPolicy, now: number): boolean {
  return now - session.lastSeenAt >= Math.min(policy.touchMs, session.idleMs / 10);
}

/** Whether the session was renewed so short a while ago that earlier generations are still good. */
export function isInGrace(session: Session, graceMs: number, now: number): boolean {
  return session.generation > session.graceGeneration && now - session.renewedAt < graceMs;
}

/** How a token of some generation stands: `current`, good a little longer, or used when it is long over. */
export type Standing = 'current' | 'grace' | 'replay';

/**
 * Judges the generation that a genuine token names. One that is ahead of the record is current: it was issued, and
 * the store has lost that renewal since.
 */
export function standingOf(session: Session, generation: number, graceMs: number, now: number): Standing {
  if (generation >= session.generation) return 'current';
  return generation >= session.graceGeneration && isInGrace(session, graceMs, now) ? 'grace' : 'replay';
}

/** How many generations before the present one may be in grace: who renews without pause does not keep it open. */
const MAX_IN_GRACE = 8;

/**
 * The session after a renewal, its clock started anew as by any activity. Renewals that follow one another within the
 * grace share it: the earliest generation among the last eight stays good, so that no tab that is late is taken for a
 * thief, and no thief hides behind it.
 */
export function renewed(session: Session, generation: number, graceMs: number, now: number): Session {
  return {
    ...session,
    lastSeenAt: now,
    generation: generation + 1,
    renewedAt: now,
    graceGeneration: isInGrace(session, graceMs, now)
      ? Math.max(session.graceGeneration, generation + 1 - MAX_IN_GRACE)
      : generation,
  };
}

/** Whether credentials were checked no longer than `maxAgeMs` ago (OpenID Connect Core, `max_age`). */
export function isFresh(session: Session, maxAgeMs: number, now: number): boolean {
  return session.authenticatedAt !== null && now - session.authenticatedAt <= maxAgeMs;
}
