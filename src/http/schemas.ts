import { type TProperties, type TSchema, Type } from '@sinclair/typebox';
import type { Attributes } from '../session/session.ts';
import { type ErrorCode, errors } from './errors.ts';
import type { Scope } from './scopes.ts';

const Time = (description: string) => Type.Integer({ description: `${description}, epoch milliseconds` });

/** An object that refuses what it does not name. */
export const Strict = <T extends TProperties>(properties: T, options = {}) =>
  Type.Object(properties, { additionalProperties: false, ...options });

/** For routes that take no body; an empty object passes. */
export const NoBody = Type.Union([Type.Null(), Strict({})], { description: 'Nothing' });

/** An answer without a body. */
export const Empty = (description: string) => Type.Unsafe<undefined>({ type: 'null', description });

/** An object of any keys. `Type.Record` means them by a pattern, which keys with line breaks escape. */
export const Keyed = <T>(additionalProperties: TSchema | true, options = {}) =>
  Type.Unsafe<Record<string, T>>({ type: 'object', additionalProperties, ...options });

export const Metadata = Type.Unsafe<Attributes>({
  ...Keyed(true),
  description: 'Data of yours: at most 64 keys and 4096 bytes as JSON',
  examples: [{ cart: ['book'], theme: 'dark' }],
});

export const Claims = Type.Unsafe<Attributes>({
  ...Keyed(true),
  description: 'What services say of the user, and browsers can not change: at most 64 keys and 4096 bytes as JSON',
  examples: [{ role: 'admin', email: 'ann@shop.example' }],
});

export const SessionProperties = {
  sessionId: Type.String({ description: 'Public name of the session; never a credential' }),
  userId: Type.Union([Type.String(), Type.Null()], { description: 'null for an anonymous visitor' }),
  createdAt: Time('When the session was started'),
  authenticatedAt: Type.Union([Type.Integer(), Type.Null()], {
    description: 'When credentials were last checked, epoch milliseconds; null for an anonymous visitor',
  }),
  lastSeenAt: Time('When the session was last seen, as the store has it'),
  expiresAt: Time('The earlier of the idle and the absolute end'),
  absoluteExpiresAt: Time('The end that no activity moves'),
  version: Type.Integer({ minimum: 1, description: 'Plus one per change of metadata or claims' }),
  metadata: Metadata,
  claims: Claims,
  device: Type.Object({ ip: Type.String(), userAgent: Type.String() }),
};

export const Session = Type.Object(SessionProperties, { description: 'A session' });

export const UserId = Type.String({
  minLength: 1,
  maxLength: 256,
  format: 'well-formed',
  examples: ['ann'],
});

export const Token = Type.String({ minLength: 1, maxLength: 1024, description: 'A session token' });

export const SessionWithToken = Type.Object(
  { session: Session, token: Token },
  { description: 'The session, and the token to hand to the user' },
);

export const SessionParams = Type.Object({ sessionId: Type.String() });

export const Introspected = Type.Object({ active: Type.Boolean(), session: Type.Optional(Session) });

export const etag = { etag: { type: 'string', description: 'The version, quoted' } };

/** Headers of every answer made for a session. */
const sessionHeaders = {
  'x-session-expire': { type: 'string', format: 'date-time', description: 'When the session ends if nothing happens' },
  'cache-control': { type: 'string', const: 'no-store' },
};

const setCookie = { 'set-cookie': { type: 'string', description: 'The token, HttpOnly' } };

/** A 2xx answer made for a session, with the headers it carries. */
export const forSession = <T extends TSchema>(schema: T, headers: object = {}): T => ({
  ...schema,
  headers: { ...sessionHeaders, ...headers },
});

/** The same, with a new token in the cookie. */
export const withToken = <T extends TSchema>(schema: T): T => forSession(schema, setCookie);

/**
 * The answers of a route that are errors: by status, each with the codes it may carry. What every route may answer
 * (400, 500, 503) is added by itself.
 */
export function failures(...codes: ErrorCode[]): Record<number, TSchema> {
  return operatorFailures('OVERLOADED', ...codes);
}

/** The same for routes that are never shed. */
export function operatorFailures(...codes: ErrorCode[]): Record<number, TSchema> {
  const byStatus = new Map<number, ErrorCode[]>();
  for (const code of ['FST_ERR_VALIDATION', 'BAD_REQUEST', ...codes, 'INTERNAL_ERROR'] as const) {
    const [status] = errors[code];
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  return Object.fromEntries([...byStatus].map(([status, ofStatus]) => [status, failure(status, ofStatus)]));
}

/** What a route with a body may answer besides. */
export const bodyFailures = [
  'FST_ERR_CTP_INVALID_JSON_BODY',
  'FST_ERR_CTP_BODY_TOO_LARGE',
  'FST_ERR_CTP_INVALID_MEDIA_TYPE',
] as const satisfies ErrorCode[];

/** What a route for callers with a session may answer besides. */
export const sessionFailures = ['NO_SESSION', 'STORE_UNAVAILABLE'] as const satisfies ErrorCode[];

/** What a route for trusted services may answer besides. */
export const serviceFailures = [
  'SERVICE_KEY_REQUIRED',
  'SCOPE_REQUIRED',
  'RATE_LIMITED',
  'STORE_UNAVAILABLE',
] as const satisfies ErrorCode[];

/** What a route that starts, renews or ends sessions may answer besides. */
export const durableFailures = [...bodyFailures, 'DURABILITY_NOT_CONFIRMED'] as const satisfies ErrorCode[];

/** Where a route for trusted services appears in the documentation, and the scope that a service needs for it. */
export const forServices = (scope: Scope) => ({ tags: ['service'], security: [{ service: [scope] }] });

const Reason = Type.String({ description: 'Of `LOGIN_REFUSED`: the code by which CREDENTIALS_URL refuses' });

function failure(status: number, codes: readonly ErrorCode[]): TSchema {
  const retryAfter = { 'retry-after': { type: 'integer', description: 'Seconds' } };
  return {
    ...Type.Object(
      {
        statusCode: Type.Integer(),
        code: Type.String({ enum: [...codes] }),
        error: Type.String(),
        message: Type.String(),
        ...(codes.includes('LOGIN_REFUSED') ? { reason: Type.Optional(Reason) } : {}),
      },
      { description: codes.map((code) => `\`${code}\`: ${errors[code][1]}`).join('  \n') },
    ),
    ...(status === 429 || status === 503 ? { headers: retryAfter } : {}),
  };
}

export const userSecurity = [{ cookie: [] }, { token: [] }];
