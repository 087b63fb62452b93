import { SessionError } from './errors.ts';
import type { RevocationReason, SessionEventListener } from './events.ts';
import { isEmptyPatch, type MetadataPatch, metadataFits } from './metadata.ts';
import { isFresh, needsTouch, type SessionPolicy } from './policy.ts';
import type { Device, Metadata, Session } from './session.ts';
import { isSessionId, newSessionId } from './session-id.ts';
import type { Created, SessionStore } from './store.ts';
import type { TokenCodec } from './token.ts';

/** A session together with the credential for it. The token goes to the caller and nowhere else. */
export interface StartedSession {
  readonly session: Session;
  readonly token: string;
}

export interface Login {
  readonly userId: string;
  /** Wins over what an anonymous session carried. */
  readonly metadata: Metadata;
  readonly device: Device;
  /** The session the caller came with: it ends, and its metadata is carried over where it was anonymous. */
  readonly previous: Session | undefined;
}

/** What can be done to sessions. All errors are `SessionError`s; `STORE_UNAVAILABLE` may come from every method. */
export type Sessions = ReturnType<typeof createSessions>;

export function createSessions(deps: {
  readonly store: SessionStore;
  readonly tokens: TokenCodec;
  readonly policy: SessionPolicy;
  readonly onEvent: SessionEventListener;
}) {
  const { store, tokens, policy, onEvent } = deps;
  const lifetime = { idleMs: policy.idleMs, absoluteMs: policy.absoluteMs };

  /** Starts a session nobody has logged in to. */
  async function startAnonymous(device: Device): Promise<StartedSession> {
    const sessionId = newSessionId(null);
    const created = await store.create({ sessionId, userId: null, metadata: {}, device, ...lifetime });
    return started('anonymous', created);
  }

  /**
   * Logs a user in whose credentials have been checked: always a new session, and the one the caller came with ends
   * (session fixation: OWASP Session Management, ASVS 5.0 7.2.4). If that one can't be ended, nobody is logged in.
   *
   * @throws `SESSION_LIMIT_REACHED` under the policy `reject`; `METADATA_TOO_LARGE`; neither changes anything
   */
  async function login({ userId, metadata, device, previous }: Login): Promise<StartedSession> {
    const own = previous !== undefined && previous.userId === userId;
    const carried = previous?.userId === null ? previous.metadata : {};
    const merged = { ...carried, ...metadata };
    if (!metadataFits(merged)) throw new SessionError('METADATA_TOO_LARGE');
    const created = await store.create({
      sessionId: newSessionId(userId),
      userId,
      metadata: merged,
      device,
      limit: { max: policy.maxPerUser, policy: policy.limitPolicy },
      ...(own ? { replaces: previous.sessionId } : {}),
      ...lifetime,
    });
    const login = started('login', created);
    if (own) {
      if (created.status === 'created' && created.replaced) revoked('login', previous);
    } else if (previous !== undefined) {
      const session = await endPrevious(login.session, previous, metadata);
      return { ...login, session };
    }
    return login;
  }

  /**
   * Ends the session a login started from. It may live in another shard, so this is a second step: what an anonymous
   * session gained between the two is carried over as well, and where the step fails the new session goes.
   */
  async function endPrevious(session: Session, previous: Session, metadata: Metadata): Promise<Session> {
    try {
      const last = await store.revoke(previous.sessionId);
      if (last === undefined) return session;
      revoked('login', last);
      if (last.userId !== null || last.version === previous.version) return session;
      const missed = { ...last.metadata, ...metadata };
      const gone = Object.keys(previous.metadata).filter((key) => !(key in missed));
      const patched = await store.patch(session.sessionId, { set: missed, remove: gone, increment: {} });
      return patched.status === 'patched' ? patched.session : session;
    } catch (error) {
      await store.revoke(session.sessionId).catch(() => undefined);
      throw error;
    }
  }

  /**
   * The live session a token stands for, marked as seen; `undefined` when its absence is proven (forged, unknown,
   * revoked, expired, renewed since). A forged token costs no store. When only the mark can't be written, the session
   * is answered as it was read.
   */
  async function verify(token: string): Promise<Session | undefined> {
    const claims = tokens.verify(token);
    if (claims === undefined) {
      onEvent({ type: 'verified', result: 'forged', source: 'none' });
      return undefined;
    }
    const session = await read(claims.sessionId);
    if (session === undefined || session.generation !== claims.generation) {
      onEvent({ type: 'verified', result: 'absent', source: store.source });
      return undefined;
    }
    onEvent({ type: 'verified', result: 'valid', source: store.source });
    return seen(session);
  }

  async function read(sessionId: string): Promise<Session | undefined> {
    try {
      return await store.read(sessionId);
    } catch (error) {
      onEvent({ type: 'verified', result: 'error', source: store.source });
      throw error;
    }
  }

  async function seen(session: Session): Promise<Session | undefined> {
    if (!needsTouch(session, policy, store.now())) {
      onEvent({ type: 'touched', result: 'skipped' });
      return session;
    }
    try {
      const lastSeenAt = await store.touch(session.sessionId);
      onEvent({ type: 'touched', result: 'written' });
      return lastSeenAt === undefined ? undefined : { ...session, lastSeenAt };
    } catch {
      onEvent({ type: 'touched', result: 'failed' });
      return session;
    }
  }

  /** @throws `REAUTHENTICATION_REQUIRED` when the login is older than `maxAgeMs`, or there was none */
  function requireFresh(session: Session, maxAgeMs: number): void {
    if (!isFresh(session, maxAgeMs, store.now())) throw new SessionError('REAUTHENTICATION_REQUIRED');
  }

  /**
   * Changes the named keys of a session's metadata.
   *
   * @throws `NO_SESSION`, `VERSION_CONFLICT`, `METADATA_TOO_LARGE`, `INCREMENT_NOT_INTEGER`; nothing has changed then
   */
  async function patch(session: Session, change: MetadataPatch, ifVersions?: readonly number[]): Promise<Session> {
    if (isEmptyPatch(change)) {
      if (ifVersions?.includes(session.version) === false) throw new SessionError('VERSION_CONFLICT');
      return session;
    }
    const patched = await store.patch(session.sessionId, change, ifVersions);
    switch (patched.status) {
      case 'patched':
        return patched.session;
      case 'absent':
        throw new SessionError('NO_SESSION');
      case 'version-conflict':
        throw new SessionError('VERSION_CONFLICT');
      case 'too-large':
        throw new SessionError('METADATA_TOO_LARGE');
      case 'not-integer':
        throw new SessionError('INCREMENT_NOT_INTEGER');
    }
  }

  /** Ends a session; that it has ended already is fine. */
  async function logout(session: Session): Promise<void> {
    if ((await store.revoke(session.sessionId)) !== undefined) revoked('logout', session);
  }

  /** The living sessions of the caller's user, newest first; of an anonymous caller, that one session. */
  async function list(session: Session): Promise<readonly Session[]> {
    return session.userId === null ? [session] : store.list(session.userId);
  }

  /** @throws `SESSION_NOT_FOUND` when `sessionId` is not a living session of the caller's user */
  async function revokeOwn(session: Session, sessionId: string): Promise<void> {
    const target = isSessionId(sessionId) ? await store.read(sessionId) : undefined;
    const own = session.userId === null ? sessionId === session.sessionId : target?.userId === session.userId;
    if (target === undefined || !own || (await store.revoke(sessionId)) === undefined) {
      throw new SessionError('SESSION_NOT_FOUND');
    }
    revoked('user', target);
  }

  /** Ends all sessions of the caller's user, without the caller's own on `keepCurrent`, and answers how many. */
  async function revokeAll(session: Session, { keepCurrent }: { keepCurrent: boolean }): Promise<number> {
    if (session.userId === null) {
      if (keepCurrent) return 0;
      const ended = await store.revoke(session.sessionId);
      if (ended !== undefined) revoked('user', ended);
      return ended === undefined ? 0 : 1;
    }
    const { revoked: count, expired } = await store.revokeUser(
      session.userId,
      keepCurrent ? session.sessionId : undefined,
    );
    if (count > 0) onEvent({ type: 'revoked', reason: 'user', userId: session.userId, count });
    countExpired(expired);
    return count;
  }

  /** Takes what has ended out of the store's indexes until none is due. */
  async function sweep(): Promise<void> {
    for (let more = true; more; ) {
      const swept = await store.sweep();
      countExpired(swept.expired);
      more = swept.more;
    }
  }

  function started(kind: 'anonymous' | 'login', created: Created): StartedSession {
    countExpired(created.expired);
    if (created.status === 'limit-reached') throw new SessionError('SESSION_LIMIT_REACHED');
    const { session, evicted } = created;
    for (const sessionId of evicted) {
      onEvent({ type: 'revoked', reason: 'evicted', sessionId, userId: session.userId, count: 1 });
    }
    onEvent({ type: 'created', kind, sessionId: session.sessionId, userId: session.userId });
    return { session, token: tokens.issue(session) };
  }

  function revoked(reason: RevocationReason, { sessionId, userId }: Session): void {
    onEvent({ type: 'revoked', reason, sessionId, userId, count: 1 });
  }

  function countExpired(count: number): void {
    if (count > 0) onEvent({ type: 'expired', count });
  }

  return {
    startAnonymous,
    login,
    verify,
    requireFresh,
    patch,
    logout,
    list,
    revokeOwn,
    revokeAll,
    sweep,
    /** How many sessions live in the whole store. */
    count: () => store.count(),
    /** @throws `STORE_UNAVAILABLE` when the store does not answer */
    ping: () => store.ping(),
  };
}
