import type { Session } from './session.ts';

/** Why a session was ended before its time. */
export type RevocationReason = 'logout' | 'login' | 'user' | 'evicted' | 'service' | 'reuse';

/**
 * What happened to sessions, for logs and metrics. Events carry public names only, never a token
 * (ASVS 5.0 16.3.1: log the life cycle; 16.2.5: no secrets in it).
 */
export type SessionEvent =
  | {
      readonly type: 'created';
      readonly kind: 'anonymous' | 'login' | 'service';
      readonly sessionId: string;
      readonly userId: string | null;
    }
  | {
      readonly type: 'revoked';
      readonly reason: RevocationReason;
      readonly sessionId: string;
      readonly userId: string | null;
    }
  | { readonly type: 'renewed' | 'reuse'; readonly sessionId: string; readonly userId: string | null }
  /** A session was presented from another device than it was started on. */
  | { readonly type: 'binding-mismatch'; readonly sessionId: string; readonly userId: string | null }
  | { readonly type: 'expired'; readonly count: number }
  | {
      readonly type: 'verified';
      readonly result: 'absent' | 'forged' | 'foreign' | 'error';
      readonly source: string;
    }
  | {
      readonly type: 'verified';
      readonly result: 'valid' | 'degraded';
      readonly source: string;
      /** Position in the ring of the key that verified the token. */
      readonly key: number;
    }
  | { readonly type: 'touched'; readonly result: 'written' | 'skipped' | 'failed' };

export type SessionEventListener = (event: SessionEvent) => void;

/** Emits the events that more than one part of the service emits. */
export function createReports(onEvent: SessionEventListener) {
  return {
    revoked(reason: RevocationReason, { sessionId, userId }: Pick<Session, 'sessionId' | 'userId'>): void {
      onEvent({ type: 'revoked', reason, sessionId, userId });
    },
    expired(count: number): void {
      if (count > 0) onEvent({ type: 'expired', count });
    },
    event: onEvent,
  };
}

export type Reports = ReturnType<typeof createReports>;
