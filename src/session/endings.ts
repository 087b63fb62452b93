import { SessionError } from './errors.ts';
import type { Reports, RevocationReason } from './events.ts';
import type { Session } from './session.ts';
import { isSessionId } from './session-id.ts';
import type { SessionStore } from './store.ts';
import type { TokenCodec } from './token.ts';

/** The ways sessions end, and what their user may do about it. */
export function createEndings(deps: {
  readonly store: SessionStore;
  readonly tokens: TokenCodec;
  readonly reports: Reports;
}) {
  const { store, tokens, reports } = deps;

  /** Ends a session. Returns whether it was alive. */
  async function revoke(sessionId: string, reason: RevocationReason): Promise<boolean> {
    const session = isSessionId(sessionId) ? await store.revoke(sessionId) : undefined;
    if (session !== undefined) reports.revoked(reason, session);
    return session !== undefined;
  }

  /** Ends the session of a token, whatever device presents it; that it has ended already is fine. */
  async function logout(token: string): Promise<void> {
    const claims = tokens.verify(token);
    if (claims !== undefined) await revoke(claims.sessionId, 'logout');
  }

  /** Ends all sessions of a user but `except`, and returns how many were alive. */
  async function revokeUser(userId: string, reason: RevocationReason, except?: string): Promise<number> {
    const ended = await store.revokeUser(userId, except);
    for (const sessionId of ended.revoked) reports.revoked(reason, { sessionId, userId });
    reports.expired(ended.expired);
    return ended.revoked.length;
  }

  /** @throws `SESSION_NOT_FOUND` when `sessionId` is not a living session of the caller's user */
  async function revokeOwn(session: Session, sessionId: string): Promise<void> {
    const target = isSessionId(sessionId) ? await store.read(sessionId, { fresh: true }) : undefined;
    const own = session.userId === null ? sessionId === session.sessionId : target?.userId === session.userId;
    if (!own || !(await revoke(sessionId, 'user'))) throw new SessionError('SESSION_NOT_FOUND');
  }

  /** Ends all sessions of the caller's user, without the caller's own on `keepCurrent`, and returns how many. */
  async function revokeAllOwn(session: Session, { keepCurrent }: { keepCurrent: boolean }): Promise<number> {
    const { sessionId, userId } = session;
    if (userId !== null) return revokeUser(userId, 'user', keepCurrent ? sessionId : undefined);
    return !keepCurrent && (await revoke(sessionId, 'user')) ? 1 : 0;
  }

  /** Removes expired sessions from the store's indexes until none is due. */
  async function sweep(): Promise<void> {
    for (let more = true; more; ) {
      const swept = await store.sweep();
      reports.expired(swept.expired);
      more = swept.more;
    }
  }

  return { revoke, logout, revokeUser, revokeOwn, revokeAllOwn, sweep };
}
