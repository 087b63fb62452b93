import { randomBytes } from 'node:crypto';
import { isIP } from 'node:net';
import { type Static, type TSchema, Type } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import { parseRedisUrl } from './stores/redis/address.ts';

const Seconds = (fallback: number, minimum = 1) => Type.Integer({ minimum, maximum: 31_536_000, default: fallback });
const Url = (protocols: string) =>
  Type.String({ pattern: `^(${protocols})://[^\\s]+$`, description: `${protocols}://…` });
const List = (item: TSchema) => Type.Array(item as ReturnType<typeof Type.String>, { default: [] });

/** Every setting, by the name it has in the environment; `.env.example` lists them in this order. */
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
  SESSION_PROFILE: Type.Optional(Type.Union([Type.Literal('aal1'), Type.Literal('aal2'), Type.Literal('aal3')])),
  SESSION_IDLE_SECONDS: Seconds(1800),
  SESSION_ABSOLUTE_SECONDS: Seconds(86_400),
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
  LOGIN_RATE_WINDOW_SECONDS: Seconds(60),
  USERS_FILE: Type.Optional(Type.String({ minLength: 1 })),
  CREDENTIALS_URL: Type.Optional(Url('https?')),
  LOGIN_PAGE: Type.Optional(Type.Boolean()),
  REDIS_URL: Type.Optional(
    Type.String({
      description:
        'redis://, redis+sentinel://h1:26379,h2:26379/<master> or redis+cluster://h1:7000,h2:7001, rediss:// and so on for TLS, with user:password@ and /db as usual',
    }),
  ),
  REDIS_PREFIX: Type.String({ pattern: '^[A-Za-z0-9_.:-]{1,32}$', default: 'sd' }),
  REDIS_WAIT_REPLICAS: Type.Integer({ minimum: 0, maximum: 16, default: 0 }),
  NEAR_CACHE_MAX: Type.Integer({ minimum: 0, maximum: 10_000_000, default: 100_000 }),
  DEGRADED_VERIFY_SECONDS: Type.Integer({ minimum: 0, maximum: 3600, default: 0 }),
  METRICS_TOKEN: Type.Optional(
    Type.String({ pattern: '^[\\x21-\\x7e]{16,}$', description: '16 characters or more, without spaces' }),
  ),
  SHUTDOWN_GRACE_SECONDS: Seconds(10, 0),
});

/** The settings of one run; frozen. `production` and `demoUser` follow from them. */
export type Config = Readonly<Static<typeof ConfigSchema>> & {
  readonly LOGIN_PAGE: boolean;
  readonly production: boolean;
  /** Whether the user `demo` exists. */
  readonly demoUser: boolean;
};

/**
 * The longest timeouts of an authenticator assurance level, seconds (NIST SP 800-63B-4, 2.1.3, 2.2.3, 2.3.3). A
 * profile sets them; SESSION_IDLE_SECONDS and SESSION_ABSOLUTE_SECONDS may be shorter, and not longer.
 */
const PROFILES = {
  aal1: { SESSION_IDLE_SECONDS: 2_592_000, SESSION_ABSOLUTE_SECONDS: 2_592_000 },
  aal2: { SESSION_IDLE_SECONDS: 3600, SESSION_ABSOLUTE_SECONDS: 86_400 },
  aal3: { SESSION_IDLE_SECONDS: 900, SESSION_ABSOLUTE_SECONDS: 43_200 },
} as const;

/** Settings of the contract that this version does not act on yet. */
const LATER = ['DATABASE_URL', 'KAFKA_BROKERS', 'OTEL_EXPORTER_OTLP_ENDPOINT'];

/** All that is wrong with the settings, in one message that names each of them and prints no value. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';

  constructor(faults: readonly string[]) {
    super(`sessiond can't start with these settings:\n${faults.map((fault) => `  - ${fault}`).join('\n')}`);
  }
}

/**
 * Reads the settings from an environment. An empty value counts as unset.
 *
 * @returns the settings, and in `warnings` what was assumed for want of them
 * @throws {ConfigError} naming every bad or missing setting at once
 */
export function loadConfig(env: NodeJS.ProcessEnv): { config: Config; warnings: string[] } {
  const raw = Value.Default(ConfigSchema, withProfile(pick(env))) as Static<typeof ConfigSchema>;
  const production = env.NODE_ENV === 'production';
  const faults = [...schemaFaults(raw), ...crossFaults(raw)];
  if (production) faults.push(...missingInProduction(raw));
  if (faults.length > 0) throw new ConfigError(faults);

  const warnings = LATER.filter((name) => env[name]).map((name) => `${name} has no effect in this version yet.`);
  const secrets = raw.SESSION_SECRETS.length > 0 ? raw.SESSION_SECRETS : [randomBytes(32).toString('base64url')];
  if (secrets !== raw.SESSION_SECRETS) {
    warnings.push('SESSION_SECRETS is not set: a secret was made for this run, its sessions end with it.');
  }
  const credentials = raw.USERS_FILE !== undefined || raw.CREDENTIALS_URL !== undefined;
  const demoUser = !credentials && isLoopback(raw.HOST);
  if (demoUser) {
    warnings.push(
      'Neither USERS_FILE nor CREDENTIALS_URL is set: the user demo with password demo-password may log in.',
    );
  } else if (!credentials) {
    warnings.push(
      'Neither USERS_FILE nor CREDENTIALS_URL is set, and HOST is not a loopback address: nobody can log in.',
    );
  }
  if (production && !raw.COOKIE_SECURE) {
    warnings.push('COOKIE_SECURE is false: the session token goes over plain HTTP too.');
  }
  if (raw.REDIS_URL === undefined) {
    warnings.push('REDIS_URL is not set: sessions live in this process alone and end with it.');
  }
  const { LOGIN_PAGE = !production } = raw;
  const config = Object.freeze({ ...raw, LOGIN_PAGE, SESSION_SECRETS: secrets, production, demoUser });
  for (const list of Object.values(config)) Object.freeze(list);
  return { config, warnings };
}

/**
 * Whose X-Forwarded-For is believed, in the form Fastify takes it: nobody's, that of listed addresses, or that of a
 * number of hops, which holds only where nobody can reach this process but through them.
 */
export function trustedProxies({
  TRUST_PROXY: proxies,
}: Pick<Config, 'TRUST_PROXY'>): false | string[] | ((address: string, hop: number) => boolean) {
  const [first] = proxies;
  if (first === undefined || first === 'false') return false;
  const hops = Number(first);
  return Number.isInteger(hops) ? (_address, hop) => hop < hops : [...proxies];
}

function pick(env: NodeJS.ProcessEnv): Record<string, unknown> {
  const picked: Record<string, unknown> = {};
  for (const [name, schema] of Object.entries<TSchema>(ConfigSchema.properties)) {
    const value = env[name]?.trim();
    if (value === undefined || value === '') continue;
    picked[name] = read(value, schema.type);
  }
  return picked;
}

/** What a profile sets where the environment does not. */
function withProfile(picked: Record<string, unknown>): Record<string, unknown> {
  return { ...PROFILES[picked.SESSION_PROFILE as keyof typeof PROFILES], ...picked };
}

/** A value as the schema wants it; as it is where it can't be read so, which the schema then refuses. */
function read(value: string, type: unknown): unknown {
  if (type === 'array') return value.split(',').map((item) => item.trim());
  if (type === 'integer' && /^-?\d{1,15}$/.test(value)) return Number(value);
  if (type === 'boolean' && /^(true|false)$/i.test(value)) return value.toLowerCase() === 'true';
  return value;
}

function schemaFaults(raw: unknown): string[] {
  const faults = new Map<string, string>();
  for (const { path, schema, message } of Value.Errors(ConfigSchema, raw)) {
    const [, name = '', position] = path.split('/');
    const where = position === undefined ? name : `${name} (item ${Number(position) + 1})`;
    const allowed = schema.anyOf?.map((option: TSchema) => option.const).join(', ');
    const wanted = allowed ?? schema.description ?? message.replace('Expected ', '');
    if (!faults.has(where)) faults.set(where, `${where}: expected ${allowed ? 'one of ' : ''}${wanted}`);
  }
  return [...faults.values()];
}

function crossFaults(raw: Static<typeof ConfigSchema>): string[] {
  const faults: string[] = [];
  if (raw.REDIS_URL !== undefined && parseRedisUrl(raw.REDIS_URL) === undefined) {
    faults.push(`REDIS_URL: expected ${ConfigSchema.properties.REDIS_URL.description}`);
  }
  if (raw.REDIS_WAIT_REPLICAS > 0 && raw.REDIS_URL === undefined) {
    faults.push('REDIS_WAIT_REPLICAS: expected 0 without REDIS_URL: there are no replicas to wait for');
  }
  if (raw.SESSION_IDLE_SECONDS > raw.SESSION_ABSOLUTE_SECONDS) {
    faults.push('SESSION_IDLE_SECONDS: expected no more than SESSION_ABSOLUTE_SECONDS');
  }
  for (const [name, longest] of Object.entries(PROFILES[raw.SESSION_PROFILE as keyof typeof PROFILES] ?? {})) {
    if ((raw[name as keyof typeof raw] as number) > longest) {
      faults.push(`${name}: expected no more than ${longest}, the longest of SESSION_PROFILE`);
    }
  }
  if (raw.USERS_FILE !== undefined && raw.CREDENTIALS_URL !== undefined) {
    faults.push('USERS_FILE and CREDENTIALS_URL: expected one of them, not both');
  }
  if (raw.CREDENTIALS_URL !== undefined && !isUrl(raw.CREDENTIALS_URL)) {
    faults.push('CREDENTIALS_URL: expected a valid URL');
  }
  const { TRUST_PROXY: hops } = raw;
  const single = hops.length === 1 && /^(false|\d{1,2})$/.test(hops[0] as string);
  if (!single && !hops.every(isNetwork)) {
    faults.push(
      'TRUST_PROXY: expected false, a number of hops, or addresses and networks such as 10.0.0.0/8, loopback',
    );
  }
  return faults;
}

function missingInProduction(raw: Static<typeof ConfigSchema>): string[] {
  const faults: string[] = [];
  const needed = 'needed when NODE_ENV=production';
  if (raw.SESSION_SECRETS.length === 0) {
    faults.push(`SESSION_SECRETS: ${needed}, 32 characters or more; try: openssl rand -base64 32`);
  }
  if (raw.REDIS_URL === undefined) faults.push(`REDIS_URL: ${needed}, such as redis://user:password@redis:6379`);
  if (raw.USERS_FILE === undefined && raw.CREDENTIALS_URL === undefined) {
    faults.push(`USERS_FILE or CREDENTIALS_URL: ${needed}, to know who may log in`);
  }
  return faults;
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}

/** Whether all of a URL can be read, its name and password too: who can't read one later would print it. */
function isUrl(text: string): boolean {
  try {
    const { username, password } = new URL(text);
    return [username, password].every((part) => decodeURIComponent(part).isWellFormed());
  } catch {
    return false;
  }
}

function isNetwork(text: string): boolean {
  if (['loopback', 'linklocal', 'uniquelocal'].includes(text)) return true;
  const [address = '', bits, ...more] = text.split('/');
  const version = isIP(address);
  return (
    version > 0 &&
    more.length === 0 &&
    (bits === undefined || (/^\d{1,3}$/.test(bits) && +bits <= (version === 4 ? 32 : 128)))
  );
}
