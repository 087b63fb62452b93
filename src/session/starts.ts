import { attributesFit } from './attributes.ts';
import { SessionError } from './errors.ts';
import type { Reports } from './events.ts';
import type { SessionPolicy } from './policy.ts';
import type { Attributes, Device, Session } from './session.ts';
import { newSessionId } from './session-id.ts';
import type { Created, SessionStore } from './store.ts';
import type { TokenCodec } from './token.ts';

/** A session together with the credential for it. The token goes to the caller and nowhere else. */
export interface StartedSession {
  readonly session: Session;
  readonly token: string;
}

export interface Login {
  readonly userId: string;
  readonly remember: boolean;
  /** Wins over what an anonymous session carried. */
  readonly metadata: Attributes;
  /** Those of the new identity; none of the session before is kept. */
  readonly claims: Attributes;
  readonly device: Device;
  /** The session the caller came with: it ends, and its metadata is carried over where it was anonymous. */
  readonly previous: Session | undefined;
}

export interface Start {
  readonly userId: string;
  readonly metadata: Attributes;
  readonly claims: Attributes;
  readonly device: Device;
  /** Shorter timeouts than the policy's, milliseconds. */
  readonly idleMs?: number | undefined;
  readonly absoluteMs?: number | undefined;
}

/** The ways a session begins. */
export function createStarts(deps: {
  readonly store: SessionStore;
  readonly tokens: TokenCodec;
  readonly policy: SessionPolicy;
  readonly reports: Reports;
}) {
  const { store, tokens, policy, reports } = deps;
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
   * @throws `SESSION_LIMIT_REACHED` under the policy `reject`, `METADATA_TOO_LARGE`, `CLAIMS_TOO_LARGE`; none of them
   * changes anything
   */
  async function start({ userId, metadata, claims, device, idleMs, absoluteMs }: Start): Promise<StartedSession> {
    requireFit(metadata, claims);
    const created = await store.create({
      sessionId: newSessionId(userId),
      userId,
      metadata,
      claims,
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
   * @throws `SESSION_LIMIT_REACHED` under the policy `reject`, `METADATA_TOO_LARGE`, `CLAIMS_TOO_LARGE`; none of them
   * changes anything
   */
  async function login({ userId, remember, metadata, claims, device, previous }: Login): Promise<StartedSession> {
    const own = previous !== undefined && previous.userId === userId;
    const carried = previous?.userId === null ? previous.metadata : {};
    const merged = { ...carried, ...metadata };
    requireFit(merged, claims);
    const created = await store.create({
      sessionId: newSessionId(userId),
      userId,
      remember,
      metadata: merged,
      claims,
      device,
      limit,
      ...(own ? { replaces: previous.sessionId } : {}),
      ...(remember ? policy.remembered : lifetime),
    });
    const login = started('login', created);
    if (own) {
      if (created.status === 'created' && created.replaced) reports.revoked('login', previous);
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
  async function endPrevious(session: Session, previous: Session, metadata: Attributes): Promise<Session> {
    try {
      const last = await store.revoke(previous.sessionId);
      if (last === undefined) return session;
      reports.revoked('login', last);
      if (last.userId !== null || last.version === previous.version) return session;
      const missed = { ...last.metadata, ...metadata };
      const gone = Object.keys(previous.metadata).filter((key) => !Object.hasOwn(missed, key));
      const patch = { set: missed, remove: gone, increment: {} };
      const patched = await store.patch({ sessionId: session.sessionId, patch });
      return patched.status === 'patched' ? patched.session : session;
    } catch (error) {
      await store.revoke(session.sessionId).catch(() => undefined);
      throw error;
    }
  }

  function started(kind: 'anonymous' | 'login' | 'service', created: Created): StartedSession {
    reports.expired(created.expired);
    if (created.status === 'limit-reached') throw new SessionError('SESSION_LIMIT_REACHED');
    const { session, evicted } = created;
    for (const sessionId of evicted) {
      reports.event({ type: 'revoked', reason: 'evicted', sessionId, userId: session.userId });
    }
    reports.event({ type: 'created', kind, sessionId: session.sessionId, userId: session.userId });
    return { session, token: tokens.issue(session) };
  }

  return { startAnonymous, start, login };
}

function requireFit(metadata: Attributes, claims: Attributes): void {
  if (!attributesFit(metadata)) throw new SessionError('METADATA_TOO_LARGE');
  if (!attributesFit(claims)) throw new SessionError('CLAIMS_TOO_LARGE');
}
