import { attributesFit, type ClaimsPatch, type MetadataPatch } from './attributes.ts';
import { SessionError } from './errors.ts';
import { holderOf } from './locks.ts';
import type { Session } from './session.ts';
import { isSessionId } from './session-id.ts';
import type { SessionStore } from './store.ts';

export interface Change {
  readonly sessionId: string;
  readonly patch: MetadataPatch;
  readonly claims?: ClaimsPatch | undefined;
  readonly ifVersions?: readonly number[] | undefined;
  readonly lockToken?: string | undefined;
}

/** Changes of what a session carries. */
export function createChanges(store: SessionStore) {
  /**
   * Changes the named keys of a session's metadata and claims; `undefined` when the session is absent.
   *
   * @throws `VERSION_CONFLICT`, `METADATA_TOO_LARGE`, `CLAIMS_TOO_LARGE`, `INCREMENT_NOT_INTEGER`, `SESSION_LOCKED` without
   * the token of the present lock, `LOCK_NOT_HELD` with one where there is no lock; nothing has changed then
   */
  async function patch({ sessionId, patch, claims, ifVersions, lockToken }: Change): Promise<Session | undefined> {
    if (!isSessionId(sessionId)) return undefined;
    // What is set can't be more than all there is then.
    if (!attributesFit(patch.set)) throw new SessionError('METADATA_TOO_LARGE');
    if (claims !== undefined && !attributesFit(claims.set)) throw new SessionError('CLAIMS_TOO_LARGE');
    const holder = lockToken === undefined ? undefined : holderOf(lockToken);
    const patched = await store.patch({ sessionId, patch, claims, ifVersions, holder });
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
      case 'metadata-too-large':
        throw new SessionError('METADATA_TOO_LARGE');
      case 'claims-too-large':
        throw new SessionError('CLAIMS_TOO_LARGE');
      case 'not-integer':
        throw new SessionError('INCREMENT_NOT_INTEGER');
    }
  }

  return { patch };
}
