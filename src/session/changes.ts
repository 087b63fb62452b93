import { SessionError } from './errors.ts';
import { holderOf } from './locks.ts';
import { type MetadataPatch, metadataFits } from './metadata.ts';
import type { Session } from './session.ts';
import { isSessionId } from './session-id.ts';
import type { SessionStore } from './store.ts';

export interface Change {
  readonly sessionId: string;
  readonly patch: MetadataPatch;
  readonly ifVersions?: readonly number[] | undefined;
  readonly lockToken?: string | undefined;
}

/** Changes of what a session carries. */
export function createChanges(store: SessionStore) {
  /**
   * Changes the named keys of a session's metadata; `undefined` when the session is absent.
   *
   * @throws `VERSION_CONFLICT`, `METADATA_TOO_LARGE`, `INCREMENT_NOT_INTEGER`, `SESSION_LOCKED` without the token of
   * the present lock, `LOCK_NOT_HELD` with one where there is no lock; nothing has changed then
   */
  async function patch({ sessionId, patch, ifVersions, lockToken }: Change): Promise<Session | undefined> {
    if (!isSessionId(sessionId)) return undefined;
    // What is set can't be more than all there is then.
    if (!metadataFits(patch.set)) throw new SessionError('METADATA_TOO_LARGE');
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

  return { patch };
}
