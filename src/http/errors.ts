import { SessionError, type SessionErrorCode } from '../session/errors.ts';

/**
 * The one table of error codes: what each means to a caller. A new code is a line here; the error handler, the routes'
 * schemas and the OpenAPI document follow.
 */
export const errors = {
  FST_ERR_VALIDATION: [400, 'The request is not as the route wants it.'],
  FST_ERR_CTP_INVALID_JSON_BODY: [400, 'The body is not valid JSON.'],
  BAD_REQUEST: [400, 'The request is malformed.'],
  NO_SESSION: [401, 'There is no such session.'],
  INVALID_CREDENTIALS: [401, 'The username or the password is wrong.'],
  REAUTHENTICATION_REQUIRED: [401, 'The login is too long ago; log in again.'],
  SERVICE_KEY_REQUIRED: [401, 'Send "Authorization: Bearer <key>" with a key of SERVICE_KEYS.'],
  METRICS_TOKEN_REQUIRED: [401, 'Send "Authorization: Bearer <METRICS_TOKEN>".'],
  LOGIN_REFUSED: [403, 'This login is refused; `reason` says why.'],
  SCOPE_REQUIRED: [403, 'The service has no scope for this route; see SERVICE_SCOPES.'],
  CROSS_SITE_REQUEST: [403, 'A request from another site is refused; allow its origin in ALLOWED_ORIGINS.'],
  NOT_FOUND: [404, 'There is no such route.'],
  SESSION_NOT_FOUND: [404, 'There is no such session.'],
  REQUEST_TIMEOUT: [408, 'The request did not come to its end in time.'],
  SESSION_LIMIT_REACHED: [409, 'The user has as many sessions as MAX_SESSIONS_PER_USER allows.'],
  INCREMENT_NOT_INTEGER: [409, 'Only integers within ±(2^53 - 1) can be incremented.'],
  LOCK_NOT_HELD: [409, 'The lock is not, or no longer, held with this x-lock-token.'],
  VERSION_CONFLICT: [412, 'The session has changed since; read it again.'],
  METADATA_TOO_LARGE: [413, 'Metadata takes at most 64 keys and 4096 bytes as JSON.'],
  CLAIMS_TOO_LARGE: [413, 'Claims take at most 64 keys and 4096 bytes as JSON.'],
  FST_ERR_CTP_BODY_TOO_LARGE: [413, 'The body is too large.'],
  FST_ERR_CTP_INVALID_MEDIA_TYPE: [415, 'Send the body as application/json.'],
  SESSION_LOCKED: [423, 'The session is locked by somebody else; try again.'],
  RATE_LIMITED: [429, 'Too many requests; try again after the seconds in Retry-After.'],
  HEADERS_TOO_LARGE: [431, 'The request header is too large.'],
  INTERNAL_ERROR: [500, 'Something went wrong.'],
  STORE_UNAVAILABLE: [503, 'The session store does not answer; try again.'],
  DURABILITY_NOT_CONFIRMED: [503, 'The change was made, but too few replicas confirm it; it may be asked for again.'],
  OVERLOADED: [503, 'The service is too busy to answer in time; try again.'],
  CREDENTIALS_UNAVAILABLE: [503, 'Credentials can not be checked at present; try again.'],
} as const satisfies Record<SessionErrorCode, [number, string]> & Record<string, [number, string]>;

export type ErrorCode = keyof typeof errors;

/** An error of the edge: a code of the table, and where it applies the seconds after which to try again. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly code: ErrorCode;
  readonly retryAfter: number | undefined;
  readonly reason: string | undefined;

  /**
   * @param options.message says more than the table does; shown for `FST_ERR_VALIDATION` and `LOGIN_REFUSED` alone
   * @param options.reason of `LOGIN_REFUSED`: the code by which the source of credentials refuses
   */
  constructor(
    code: ErrorCode,
    options: ErrorOptions & {
      readonly message?: string | undefined;
      readonly retryAfter?: number;
      readonly reason?: string;
    } = {},
  ) {
    super(options.message ?? errors[code][1], options);
    this.code = code;
    this.retryAfter = options.retryAfter;
    this.reason = options.reason;
  }
}

/** The code of the table that an error carries; `INTERNAL_ERROR` for all that is not in the table. */
export function codeOf(error: unknown): ErrorCode {
  if (error instanceof SessionError || error instanceof ApiError) return error.code;
  const { code, statusCode } = error as { code?: unknown; statusCode?: unknown };
  if (typeof code === 'string' && Object.hasOwn(errors, code)) return code as ErrorCode;
  if (code === 'FST_ERR_NOT_FOUND') return 'NOT_FOUND';
  return typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500 ? 'BAD_REQUEST' : 'INTERNAL_ERROR';
}
