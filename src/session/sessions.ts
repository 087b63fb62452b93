import { SessionError } from './errors.ts';
import type { RevocationReason, SessionEventListener } from './events.ts';
import { createLocks, holderOf } from './locks.ts';
import { isEmptyPatch, type MetadataPatch, metadataFits } from './metadata.ts';
import { isFresh, needsTouch, type SessionPolicy } from './policy.ts';
import type { Device, Metadata, Session } from './session.ts';
import { isSessionId, newSessionId } from './session-id.ts';
import type { Created, ListQuery, Page, Renewed, SessionStore } from './store.ts';
import type { TokenClaims, TokenCodec } from './token.ts';

// More than MAX_SESSIONS_PER_USER can ever be.
const LONGEST_LIST = 10_000;

/** A session together with the credential for it. The token goes to the caller and nowhere else. */
export interface StartedSession {
  readonly session: Session;
  readonly token: string;
}

export interface Login {
  readonly userId: string;
  readonly remember: boolean;
  /** Wins over what an anonymous session carried. */
  readonly metadata: Metadata;
  readonly device: Device;
  /** The session the caller came with: it ends, and its metadata is carried over where it was anonymous. */
  readonly previous: Session | undefined;
}

export interface Start {
  readonly userId: string;
  readonly metadata: Metadata;
  readonly device: Device;
  /** Shorter timeouts than the policy's, milliseconds. */
  readonly idleMs?: number | undefined;
  readonly absoluteMs?: number | undefined;
}

export interface Change {
  readonly sessionId: string;
  readonly patch: MetadataPatch;
  readonly ifVersions?: readonly number[] | undefined;
  readonly lockToken?: string | undefined;
}

/** Whether a device that presents a session may be the one it was started on. */
export interface Binding {
  isSameDevice(known: Device, seen: Device): boolean;
  /** Whether another device is refused, or only reported. */
  readonly enforce: boolean;
}

/** What can be done to sessions. All errors are `SessionError`s; `STORE_UNAVAILABLE` may come from every method. */
export type Sessions = ReturnType<typeof createSessions>;

export function createSessions(deps: {
  readonly store: SessionStore;
  readonly tokens: TokenCodec;
  readonly policy: SessionPolicy;
  /** `undefined`: sessions are not bound to devices. */
  readonly binding?: Binding | undefined;
  readonly onEvent: SessionEventListener;
}) {
  const { store, tokens, policy, binding, onEvent } = deps;
  const limit = { max: policy.maxPerUser, policy: policy.limitPolicy };
  const lifetime = { idleMs: policy.idleMs, absoluteMs: policy.absoluteMs };

  /** Starts a session nobody has logged in to. */
  async function startAnonymous(device: Device): Promise<StartedSession> {
    const sessionId = newSessionId(null);
    const created = await store.create({ sessionId, userId: null, metadata: {}, device, ...lifetime });
    return started('anonymous', created);
  }

  /**
   * Starts a session for a user whom a trusted service has authenticated.
   *
   * @throws `SESSION_LIMIT_REACHED` under the policy `reject`; `METADATA_TOO_LARGE`; neither changes anything
   */
  async function start({ userId, metadata, device, idleMs, absoluteMs }: Start): Promise<StartedSession> {
    if (!metadataFits(metadata)) throw new SessionError('METADATA_TOO_LARGE');
    const created = await store.create({
      sessionId: newSessionId(userId),
      userId,
      metadata,
      device,
      limit,
      idleMs: Math.min(idleMs ?? policy.idleMs, policy.idleMs),
      absoluteMs: Math.min(absoluteMs ?? policy.absoluteMs, policy.absoluteMs),
    });
    return started('service', created);
  }

  /**
   * Logs a user in whose credentials have been checked: always a new session, and the one the caller came with ends
   * (session fixation: OWASP Session Management, ASVS 5.0 7.2.4). If that one can't be ended, nobody is logged in.
   *
   * @throws `SESSION_LIMIT_REACHED` under the policy `reject`; `METADATA_TOO_LARGE`; neither changes anything
   */
  async function login({ userId, remember, metadata, device, previous }: Login): Promise<StartedSession> {
    const own = previous !== undefined && previous.userId === userId;
    const carried = previous?.userId === null ? previous.metadata : {};
    const merged = { ...carried, ...metadata };
    if (!metadataFits(merged)) throw new SessionError('METADATA_TOO_LARGE');
    const created = await store.create({
      sessionId: newSessionId(userId),
      userId,
      remember,
      metadata: merged,
      device,
      limit,
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
      const patch = { set: missed, remove: gone, increment: {} };
      const patched = await store.patch({ sessionId: session.sessionId, patch });
      return patched.status === 'patched' ? patched.session : session;
    } catch (error) {
      await store.revoke(session.sessionId).catch(() => undefined);
      throw error;
    }
  }

  /**
   * The live session a token stands for, marked as seen; `undefined` when its absence is proven (forged, unknown,
   * revoked, expired, renewed since). A forged token costs no store. When only the mark can't be written, the session
   * is answered as it was read. `device` is what presents the token, where the caller can see that; under an enforced
   * binding another than the session's own is refused, and does not count as activity.
   *
   * @throws `NO_SESSION` for a device that is refused: the session is there, for another
   */
  async function verify(token: string, device?: Device): Promise<Session | undefined> {
    const claims = tokens.recall(token) ?? tokens.verify(token);
    if (claims === undefined) {
      onEvent({ type: 'verified', result: 'forged', source: 'none' });
      return undefined;
    }
    const found = await read(claims.sessionId);
    const session = found !== undefined && claims.generation < found.generation ? await judge(claims) : found;
    if (session === undefined) {
      onEvent({ type: 'verified', result: 'absent', source: store.source });
      return undefined;
    }
    if (device !== undefined && isForeign(session, device)) {
      onEvent({ type: 'verified', result: 'foreign', source: store.source });
      throw new SessionError('NO_SESSION');
    }
    onEvent({ type: 'verified', result: 'valid', source: store.source });
    return seen(session);
  }

  let recalls = 0;

  /**
   * The live session of a token, where all is known without asking anyone or writing anything; `undefined` says
   * nothing, and `verify` does. It is the whole of a verification for a session in use.
   */
  function recall(token: string, device: () => Device): Session | undefined {
    const claims = tokens.recall(token);
    if (claims === undefined) return undefined;
    const session = store.peek(claims.sessionId);
    if (session === undefined || session.generation !== claims.generation) return undefined;
    if (needsTouch(session, policy, store.now())) return undefined;
    if (binding !== undefined && !binding.isSameDevice(session.device, device())) return undefined;
    recalls += 1;
    return session;
  }

  /** Reports a device that a session was not started on; answers whether it is refused. */
  function isForeign(session: Session, device: Device): boolean {
    if (binding === undefined || binding.isSameDevice(session.device, device)) return false;
    onEvent({ type: 'binding-mismatch', sessionId: session.sessionId, userId: session.userId });
    return binding.enforce;
  }

  /** The session that a token of an earlier generation is still good for; a replay ends it. */
  async function judge(claims: TokenClaims): Promise<Session | undefined> {
    const judged = await store.judge({ ...claims, graceMs: policy.graceMs });
    if (judged.status === 'replayed') replayed(judged.session);
    return judged.status === 'unchanged' ? judged.session : undefined;
  }

  /**
   * Renews the session of a token: the token of the next generation, the very same for all who present this one. It
   * counts as activity, and does not move the absolute end. `undefined` when absence is proven; so it is for a token
   * whose grace is over, and the session ends then (RFC 9700 4.14.2, replay of a rotated credential).
   */
  async function renew(token: string): Promise<StartedSession | undefined> {
    const claims = tokens.verify(token);
    return claims === undefined ? undefined : renewed(await store.renew({ ...claims, graceMs: policy.graceMs }));
  }

  /** Renews a session by its name, for a trusted service; once per grace, however many ask. */
  async function renewById(sessionId: string): Promise<StartedSession | undefined> {
    if (!isSessionId(sessionId)) return undefined;
    return renewed(await store.renew({ sessionId, graceMs: policy.graceMs }));
  }

  function renewed(outcome: Renewed): StartedSession | undefined {
    if (outcome.status === 'absent') return undefined;
    const { session } = outcome;
    if (outcome.status === 'replayed') {
      replayed(session);
      return undefined;
    }
    if (outcome.status === 'renewed') {
      onEvent({ type: 'renewed', sessionId: session.sessionId, userId: session.userId });
    }
    return { session, token: tokens.issue(session) };
  }

  function replayed(session: Session): void {
    onEvent({ type: 'reuse', sessionId: session.sessionId, userId: session.userId });
    revoked('reuse', session);
  }

  /** The live session of that name, not marked as seen; `undefined` when there is none. */
  async function get(sessionId: string): Promise<Session | undefined> {
    return isSessionId(sessionId) ? store.read(sessionId) : undefined;
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
   * Changes the named keys of a session's metadata; `undefined` when the session is absent.
   *
   * @throws `VERSION_CONFLICT`, `METADATA_TOO_LARGE`, `INCREMENT_NOT_INTEGER`, `SESSION_LOCKED` without the token of
   * the present lock, `LOCK_NOT_HELD` with one where there is no lock; nothing has changed then
   */
  async function patch({ sessionId, patch, ifVersions, lockToken }: Change): Promise<Session | undefined> {
    if (!isSessionId(sessionId)) return undefined;
    if (isEmptyPatch(patch)) {
      const session = await store.read(sessionId);
      if (session !== undefined && ifVersions?.includes(session.version) === false) {
        throw new SessionError('VERSION_CONFLICT');
      }
      return session;
    }
    const holder = lockToken === undefined ? undefined : holderOf(lockToken);
    const patched = await store.patch({ sessionId, patch, ifVersions, holder });
    switch (patched.status) {
      case 'patched':
        return patched.session;
      case 'absent':
        return undefined;
      case 'version-conflict':
        throw new SessionError('VERSION_CONFLICT');
      case 'locked':
        throw new SessionError('SESSION_LOCKED');
      case 'lock-lost':
        throw new SessionError('LOCK_NOT_HELD');
      case 'too-large':
        throw new SessionError('METADATA_TOO_LARGE');
      case 'not-integer':
        throw new SessionError('INCREMENT_NOT_INTEGER');
    }
  }

  /** Ends a session and answers whether it lived. */
  async function revoke(sessionId: string, reason: RevocationReason): Promise<boolean> {
    const session = isSessionId(sessionId) ? await store.revoke(sessionId) : undefined;
    if (session !== undefined) revoked(reason, session);
    return session !== undefined;
  }

  /** Ends all sessions of a user but `except`, and answers how many lived. */
  async function revokeUser(userId: string, reason: RevocationReason, except?: string): Promise<number> {
    const ended = await store.revokeUser(userId, except);
    for (const sessionId of ended.revoked) onEvent({ type: 'revoked', reason, sessionId, userId });
    countExpired(ended.expired);
    return ended.revoked.length;
  }

  /** The living sessions of the caller's user, newest first; of an anonymous caller, that one session. */
  async function listOwn(session: Session): Promise<readonly Session[]> {
    if (session.userId === null) return [session];
    const { sessions } = await store.list({ userId: session.userId, limit: LONGEST_LIST });
    return sessions;
  }

  /** @throws `SESSION_NOT_FOUND` when `sessionId` is not a living session of the caller's user */
  async function revokeOwn(session: Session, sessionId: string): Promise<void> {
    const target = await get(sessionId);
    const own = session.userId === null ? sessionId === session.sessionId : target?.userId === session.userId;
    if (!own || !(await revoke(sessionId, 'user'))) throw new SessionError('SESSION_NOT_FOUND');
  }

  /** Ends all sessions of the caller's user, without the caller's own on `keepCurrent`, and answers how many. */
  async function revokeAllOwn(session: Session, { keepCurrent }: { keepCurrent: boolean }): Promise<number> {
    const { sessionId, userId } = session;
    if (userId !== null) return revokeUser(userId, 'user', keepCurrent ? sessionId : undefined);
    return !keepCurrent && (await revoke(sessionId, 'user')) ? 1 : 0;
  }

  /** Takes what has ended out of the store's indexes until none is due. */
  async function sweep(): Promise<void> {
    for (let more = true; more; ) {
      const swept = await store.sweep();
      countExpired(swept.expired);
      more = swept.more;
    }
  }

  function started(kind: 'anonymous' | 'login' | 'service', created: Created): StartedSession {
    countExpired(created.expired);
    if (created.status === 'limit-reached') throw new SessionError('SESSION_LIMIT_REACHED');
    const { session, evicted } = created;
    for (const sessionId of evicted) {
      onEvent({ type: 'revoked', reason: 'evicted', sessionId, userId: session.userId });
    }
    onEvent({ type: 'created', kind, sessionId: session.sessionId, userId: session.userId });
    return { session, token: tokens.issue(session) };
  }

  function revoked(reason: RevocationReason, { sessionId, userId }: Session): void {
    onEvent({ type: 'revoked', reason, sessionId, userId });
  }

  function countExpired(count: number): void {
    if (count > 0) onEvent({ type: 'expired', count });
  }

  return {
    startAnonymous,
    start,
    login,
    verify,
    recall,
    /** How many verifications `recall` has answered so far; they are no events, for what an event costs. */
    recalls: () => recalls,
    requireFresh,
    renew,
    renewById,
    get,
    patch,
    revoke,
    revokeUser,
    listOwn,
    revokeOwn,
    revokeAllOwn,
    sweep,
    source: store.source,
    ...createLocks(store),
    /** The living sessions of a user, newest first, a page at a time. */
    list: (query: ListQuery): Promise<Page> => store.list(query),
    /** How many sessions live in the whole store. */
    count: () => store.count(),
    /** @throws `STORE_UNAVAILABLE` when the store does not answer */
    ping: () => store.ping(),
  };
}
