/** What the core says went wrong. The edge turns codes into statuses and sentences (src/http/errors.ts). */
export type SessionErrorCode =
  | 'NO_SESSION'
  | 'REAUTHENTICATION_REQUIRED'
  | 'SESSION_NOT_FOUND'
  | 'SESSION_LIMIT_REACHED'
  | 'VERSION_CONFLICT'
  | 'SESSION_LOCKED'
  | 'LOCK_NOT_HELD'
  | 'METADATA_TOO_LARGE'
  | 'CLAIMS_TOO_LARGE'
  | 'INCREMENT_NOT_INTEGER'
  /** The change was made, but may be lost with the server that made it; it may be asked for again. */
  | 'DURABILITY_NOT_CONFIRMED'
  | 'STORE_UNAVAILABLE';

export class SessionError extends Error {
  override readonly name = 'SessionError';
  readonly code: SessionErrorCode;

  constructor(code: SessionErrorCode, options?: ErrorOptions) {
    super(code, options);
    this.code = code;
  }
}
