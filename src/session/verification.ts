import { SessionError } from './errors.ts';
import type { Reports } from './events.ts';
import { isFresh, needsTouch, type SessionPolicy } from './policy.ts';
import type { Device, Session } from './session.ts';
import { isSessionId } from './session-id.ts';
import type { StartedSession } from './starts.ts';
import type { Renewed, SessionStore } from './store.ts';
import type { TokenClaims, TokenCodec } from './token.ts';

/** Whether a device that presents a session may be the one it was started on. */
export interface Binding {
  isSameDevice(known: Device, seen: Device): boolean;
  /** Whether another device is refused, or only reported. */
  readonly enforce: boolean;
}

/** How a token is verified. */
export interface VerifyOptions {
  /** The device that presents it, where the caller can see that. */
  readonly device?: Device;
  /** Whether to bypass the near cache. */
  readonly fresh?: boolean;
}

/** Verifies and renews tokens. */
export function createVerification(deps: {
  readonly store: SessionStore;
  readonly tokens: TokenCodec;
  readonly policy: SessionPolicy;
  readonly binding: Binding | undefined;
  readonly reports: Reports;
}) {
  const { store, tokens, policy, binding, reports } = deps;
  const recalls = new Array<number>(tokens.keys).fill(0);

  /**
   * The live session a token stands for, marked as seen; `undefined` when its absence is proven (forged, unknown,
   * revoked, expired, renewed since). A forged token costs no store. When only the mark can't be written, the session
   * is answered as it was read. Under an enforced binding another device than the session's own is refused, and does
   * not count as activity.
   *
   * @throws `NO_SESSION` for a device that is refused: the session is there, for another
   */
  async function verify(token: string, { device, fresh = false }: VerifyOptions = {}): Promise<Session | undefined> {
    const claims = tokens.recall(token) ?? tokens.verify(token);
    if (claims === undefined) {
      reports.event({ type: 'verified', result: 'forged', source: 'none' });
      return undefined;
    }
    let found: Session | undefined;
    try {
      found = await store.read(claims.sessionId, { fresh });
    } catch (error) {
      reports.event({ type: 'verified', result: 'error', source: store.source });
      throw error;
    }
    const session = found !== undefined && claims.generation < found.generation ? await judge(claims) : found;
    if (session === undefined) {
      reports.event({ type: 'verified', result: 'absent', source: store.source });
      return undefined;
    }
    if (device !== undefined && isForeign(session, device)) {
      reports.event({ type: 'verified', result: 'foreign', source: store.source });
      throw new SessionError('NO_SESSION');
    }
    reports.event({ type: 'verified', result: 'valid', source: store.source, key: claims.key });
    return needsTouch(session, policy, store.now()) ? touched(session) : untouched(session);
  }

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
    recalls[claims.key] = (recalls[claims.key] ?? 0) + 1;
    return session;
  }

  /**
   * The session of a token as it was last known, where the store can't say and the deployment allows that (ASVS 5.0
   * 16.5.2, graceful degradation); it counts as no activity. `undefined` says nothing.
   */
  function lastKnown(token: string, device: Device): Session | undefined {
    const claims = tokens.recall(token) ?? tokens.verify(token);
    const session = claims && store.lastKnown(claims.sessionId);
    if (session === undefined || claims?.generation !== session.generation) return undefined;
    if (isForeign(session, device)) return undefined;
    reports.event({ type: 'verified', result: 'degraded', source: 'fallback', key: claims.key });
    return session;
  }

  /** Reports a device that the session was not started on. Returns whether it is refused. */
  function isForeign(session: Session, device: Device): boolean {
    if (binding === undefined || binding.isSameDevice(session.device, device)) return false;
    reports.event({ type: 'binding-mismatch', sessionId: session.sessionId, userId: session.userId });
    return binding.enforce;
  }

  /** The session that a token of an earlier generation is still good for; a replay ends it. */
  async function judge({ sessionId, generation }: TokenClaims): Promise<Session | undefined> {
    const judged = await store.judge({ sessionId, generation, graceMs: policy.graceMs });
    if (judged.status === 'replayed') replayed(judged.session);
    return judged.status === 'unchanged' ? judged.session : undefined;
  }

  function untouched(session: Session): Session {
    reports.event({ type: 'touched', result: 'skipped' });
    return session;
  }

  async function touched(session: Session): Promise<Session | undefined> {
    try {
      const lastSeenAt = await store.touch(session.sessionId);
      reports.event({ type: 'touched', result: 'written' });
      return lastSeenAt === undefined ? undefined : { ...session, lastSeenAt };
    } catch {
      reports.event({ type: 'touched', result: 'failed' });
      return session;
    }
  }

  /** @throws `REAUTHENTICATION_REQUIRED` when the login is older than `maxAgeMs`, or there was none */
  function requireFresh(session: Session, maxAgeMs: number): void {
    if (!isFresh(session, maxAgeMs, store.now())) throw new SessionError('REAUTHENTICATION_REQUIRED');
  }

  /**
   * Renews the session of a token: the token of the next generation, the very same for all who present this one. It
   * counts as activity, and does not move the absolute end. `undefined` when absence is proven; so it is for a token
   * whose grace is over, and the session ends then (RFC 9700 4.14.2, replay of a rotated credential).
   */
  async function renew(token: string): Promise<StartedSession | undefined> {
    const claims = tokens.verify(token);
    if (claims === undefined) return undefined;
    const { sessionId, generation } = claims;
    return renewed(await store.renew({ sessionId, generation, graceMs: policy.graceMs }));
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
      reports.event({ type: 'renewed', sessionId: session.sessionId, userId: session.userId });
    }
    return { session, token: tokens.issue(session) };
  }

  function replayed(session: Session): void {
    reports.event({ type: 'reuse', sessionId: session.sessionId, userId: session.userId });
    reports.revoked('reuse', session);
  }

  return {
    verify,
    recall,
    lastKnown,
    /**
     * Returns how many verifications `recall` has completed so far, by the key of the ring that verified the token.
     * `recall` emits no events, because of their cost.
     */
    recalls: (): readonly number[] => recalls,
    requireFresh,
    renew,
    renewById,
  };
}
