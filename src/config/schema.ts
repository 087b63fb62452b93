import { type Static, type TSchema, Type } from '@sinclair/typebox';

const Seconds = (fallback: number, minimum = 1) => Type.Integer({ minimum, maximum: 31_536_000, default: fallback });
const List = (item: TSchema) => Type.Array(item as ReturnType<typeof Type.String>, { default: [] });

/** Every setting by its environment variable. `.env.example` lists them in this order. */
export const ConfigSchema = Type.Object({
  HOST: Type.String({ minLength: 1, default: '127.0.0.1' }),
  PORT: Type.Integer({ minimum: 0, maximum: 65_535, default: 3000 }),
  LOG_LEVEL: Type.Union(
    ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'].map((level) => Type.Literal(level)),
    { default: 'info' },
  ),
  TRUST_PROXY: List(Type.String()),
  ALLOWED_ORIGINS: List(
    Type.String({ pattern: '^https?://[^/\\s*]+$', description: 'origins such as https://app.example' }),
  ),
  COOKIE_SECURE: Type.Boolean({ default: true }),
  SESSION_SECRETS: List(Type.String({ minLength: 32 })),
  SERVICE_KEYS: List(
    Type.String({
      pattern: '^[A-Za-z0-9_.-]{1,64}:[\\x21-\\x7e]{32,}$',
      description: '<name>:<key of 32 characters or more>',
    }),
  ),
  SERVICE_SCOPES: List(
    Type.String({
      pattern: '^[A-Za-z0-9_.-]{1,64}=[a-z]+([+][a-z]+)*$',
      description: '<name>=<scope>+<scope>, scopes verify, sessions and users',
    }),
  ),
  SESSION_PROFILE: Type.Optional(Type.Union([Type.Literal('aal1'), Type.Literal('aal2'), Type.Literal('aal3')])),
  SESSION_IDLE_SECONDS: Seconds(1800),
  SESSION_ABSOLUTE_SECONDS: Seconds(86_400),
  REMEMBER_IDLE_SECONDS: Seconds(1_209_600),
  REMEMBER_ABSOLUTE_SECONDS: Seconds(2_592_000),
  SESSION_TOUCH_SECONDS: Seconds(60, 0),
  RENEW_GRACE_SECONDS: Type.Integer({ minimum: 0, maximum: 300, default: 10 }),
  MAX_SESSIONS_PER_USER: Type.Integer({ minimum: 1, maximum: 5000, default: 100 }),
  SESSION_LIMIT_POLICY: Type.Union(
    [Type.Literal('evict-oldest'), Type.Literal('evict-least-recent'), Type.Literal('reject')],
    { default: 'evict-oldest' },
  ),
  BINDING: Type.Union([Type.Literal('off'), Type.Literal('observe'), Type.Literal('enforce')], { default: 'off' }),
  BINDING_NETWORK: Type.Boolean({ default: false }),
  LOGIN_RATE_MAX: Type.Integer({ minimum: 1, default: 10 }),
  LOGIN_RATE_MAX_PER_ADDRESS: Type.Integer({ minimum: 1, default: 100 }),
  LOGIN_RATE_WINDOW_SECONDS: Seconds(60),
  USERS_FILE: Type.Optional(Type.String({ minLength: 1 })),
  CREDENTIALS_URL: Type.Optional(Type.String({ pattern: '^https?://[^\\s]+$', description: 'http:// or https://…' })),
  CREDENTIALS_TIMEOUT_MS: Type.Integer({ minimum: 100, maximum: 30_000, default: 2000 }),
  CLAIM_HEADERS: List(
    Type.String({
      pattern: '^[A-Za-z0-9]([A-Za-z0-9_-]{0,62}[A-Za-z0-9])?$',
      description: 'names of claims, such as role',
    }),
  ),
  LOGIN_PAGE: Type.Optional(Type.Boolean()),
  REDIS_URL: Type.Optional(
    Type.String({
      description:
        'redis://, redis+sentinel://h1:26379,h2:26379/<master> or redis+cluster://h1:7000,h2:7001, or their rediss:// forms for TLS, each with optional user:password@ and /db',
    }),
  ),
  REDIS_PREFIX: Type.String({
    pattern: '^[A-Za-z0-9_.:-]{1,32}$',
    description: '1 to 32 of A-Z, a-z, 0-9 and _.:-',
    default: 'sd',
  }),
  REDIS_WAIT_REPLICAS: Type.Integer({ minimum: 0, maximum: 16, default: 0 }),
  NEAR_CACHE_MAX: Type.Integer({ minimum: 0, maximum: 10_000_000, default: 100_000 }),
  DEGRADED_VERIFY_SECONDS: Type.Integer({ minimum: 0, maximum: 3600, default: 0 }),
  METRICS_TOKEN: Type.Optional(
    Type.String({ pattern: '^[\\x21-\\x7e]{16,}$', description: '16 characters or more, without spaces' }),
  ),
  // Node's timers overflow at 2^31 ms, 24.8 days, and then fire at once.
  SHUTDOWN_GRACE_SECONDS: Type.Integer({ minimum: 0, maximum: 86_400, default: 10 }),
});

/** The settings as read from an environment, with defaults, before validation and derived values. */
export type RawConfig = Static<typeof ConfigSchema>;

/**
 * The longest timeouts of each authenticator assurance level, in seconds (NIST SP 800-63B-4, 2.1.3, 2.2.3, 2.3.3). They
 * are the defaults of the four timeouts under that profile, and their upper limits.
 */
export const PROFILES = {
  aal1: timeouts(2_592_000, 2_592_000),
  aal2: timeouts(3600, 86_400),
  aal3: timeouts(900, 43_200),
} as const;

function timeouts(idle: number, absolute: number) {
  return {
    SESSION_IDLE_SECONDS: idle,
    SESSION_ABSOLUTE_SECONDS: absolute,
    REMEMBER_IDLE_SECONDS: idle,
    REMEMBER_ABSOLUTE_SECONDS: absolute,
  };
}
