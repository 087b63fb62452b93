import { expiresAt, type Session } from './session.ts';

/** What to do when a user who has `MAX_SESSIONS_PER_USER` sessions logs in once more. */
export type LimitPolicy = 'evict-oldest' | 'evict-least-recent' | 'reject';

/** The rules a deployment sets for all its sessions. Spans are milliseconds. */
export interface SessionPolicy {
  readonly idleMs: number;
  readonly absoluteMs: number;
  readonly touchMs: number;
  readonly maxPerUser: number;
  readonly limitPolicy: LimitPolicy;
}

/** Whether neither the idle nor the absolute end has come (ASVS 5.0 7.3.1, 7.3.2). */
export function isLive(session: Session, now: number): boolean {
  return now < expiresAt(session);
}

/**
 * Whether this sight of the session is worth a write. A session seen often is written once per touch interval, and
 * the interval is never more than a tenth of the session's idle timeout, so that a reader is never off by more.
 */
export function needsTouch(session: Session, policy: SessionPolicy, now: number): boolean {
  return now - session.lastSeenAt >= Math.min(policy.touchMs, session.idleMs / 10);
}

/** Whether credentials were checked no longer than `maxAgeMs` ago (OpenID Connect Core, `max_age`). */
export function isFresh(session: Session, maxAgeMs: number, now: number): boolean {
  return session.authenticatedAt !== null && now - session.authenticatedAt <= maxAgeMs;
}
