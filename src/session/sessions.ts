import { createChanges } from './changes.ts';
import { createEndings } from './endings.ts';
import { createReports, type SessionEventListener } from './events.ts';
import { createLocks } from './locks.ts';
import type { SessionPolicy } from './policy.ts';
import type { Session } from './session.ts';
import { isSessionId } from './session-id.ts';
import { createStarts } from './starts.ts';
import type { ListQuery, Page, SessionStore } from './store.ts';
import type { TokenCodec } from './token.ts';
import { type Binding, createVerification } from './verification.ts';

// More than MAX_SESSIONS_PER_USER can ever be.
const LONGEST_LIST = 10_000;

/** What can be done to sessions. All errors are `SessionError`s; `STORE_UNAVAILABLE` may come from every method. */
export type Sessions = ReturnType<typeof createSessions>;

/** The service: how sessions begin (starts.ts), are recognised (verification.ts), change, are locked, and end. */
export function createSessions(deps: {
  readonly store: SessionStore;
  readonly tokens: TokenCodec;
  readonly policy: SessionPolicy;
  /** `undefined`: sessions are not bound to devices. */
  readonly binding?: Binding | undefined;
  readonly onEvent: SessionEventListener;
}) {
  const { store, tokens, policy, binding } = deps;
  const reports = createReports(deps.onEvent);

  /** The live session of that name as the store has it, not marked as seen; `undefined` when there is none. */
  async function get(sessionId: string): Promise<Session | undefined> {
    return isSessionId(sessionId) ? store.read(sessionId, { fresh: true }) : undefined;
  }

  /** The living sessions of the caller's user, newest first; of an anonymous caller, that one session. */
  async function listOwn(session: Session): Promise<readonly Session[]> {
    if (session.userId === null) return [session];
    const { sessions } = await store.list({ userId: session.userId, limit: LONGEST_LIST });
    return sessions;
  }

  return {
    ...createStarts({ store, tokens, policy, reports }),
    ...createVerification({ store, tokens, policy, binding, reports }),
    ...createChanges(store),
    ...createLocks(store),
    ...createEndings({ store, tokens, reports }),
    get,
    listOwn,
    /** The living sessions of a user, newest first, a page at a time. */
    list: (query: ListQuery): Promise<Page> => store.list(query),
    /** How many sessions live in the whole store. */
    count: () => store.count(),
    /** @throws `STORE_UNAVAILABLE` when the store does not answer */
    ping: () => store.ping(),
    /** Whether sessions may be recognised by what is last known of them, should the store not answer. */
    hasFallback: () => store.hasFallback(),
    source: store.source,
  };
}
