import { createHash, randomBytes } from 'node:crypto';
import { SessionError } from './errors.ts';
import { isSessionId } from './session-id.ts';
import type { SessionStore } from './store.ts';

export interface LockRequest {
  readonly sessionId: string;
  /** How long the lease lasts unless it is ended. */
  readonly ttlMs: number;
  /** How long to wait for somebody else's lease to end. */
  readonly waitMs: number;
  /** Ends the waiting: nobody is there for the answer any more. */
  readonly signal: AbortSignal;
}

export interface Lock {
  readonly lockToken: string;
  readonly fence: number;
  readonly expiresAt: number;
}

const FIRST_PAUSE_MS = 10;
const LONGEST_PAUSE_MS = 250;

/**
 * Locks on request: a lease on a session for whoever has the token. No route of the service takes one by itself.
 * The store knows the digest of the token alone.
 */
export function createLocks(store: SessionStore) {
  /**
   * Locks a session, waiting for it up to `waitMs`: it asks again when the present lease ends, or after pauses that
   * grow to a quarter of a second, whichever comes first.
   *
   * @throws `SESSION_NOT_FOUND`; `SESSION_LOCKED` when it is still somebody else's after the wait
   */
  async function lock({ sessionId, ttlMs, waitMs, signal }: LockRequest): Promise<Lock> {
    if (!isSessionId(sessionId)) throw new SessionError('SESSION_NOT_FOUND');
    const lockToken = randomBytes(16).toString('base64url');
    const holder = holderOf(lockToken);
    const deadline = performance.now() + waitMs;
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
      const locked = await store.lock({ sessionId, holder, ttlMs });
      if (locked.status === 'absent') throw new SessionError('SESSION_NOT_FOUND');
      if (locked.status === 'locked') return { lockToken, fence: locked.fence, expiresAt: locked.expiresAt };
      const left = deadline - performance.now();
      if (left <= 0 || signal.aborted) throw new SessionError('SESSION_LOCKED');
      // Waiters that were refused together do not come back together.
      const spread = pauseMs * (0.75 + Math.random() / 2);
      await pause(Math.min(spread, locked.forMs + 1, left));
    }
  }

  /** @throws `LOCK_NOT_HELD` when the token is not that of the present lease */
  async function unlock(sessionId: string, lockToken: string): Promise<void> {
    const held = isSessionId(sessionId) && (await store.unlock({ sessionId, holder: holderOf(lockToken) }));
    if (!held) throw new SessionError('LOCK_NOT_HELD');
  }

  return { lock, unlock };
}

/** The name under which a store knows who has a lock token. */
export function holderOf(lockToken: string): string {
  return createHash('sha256').update(lockToken).digest('base64url');
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
