import { randomBytes } from 'node:crypto';
import { isIP } from 'node:net';
import type { TSchema } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import { ConfigError, faultsOf } from './faults.ts';
import { ignoredVariables } from './ignored-variables.ts';
import { ConfigSchema, PROFILES, type RawConfig } from './schema.ts';

/** The settings of one run; frozen. `production` and `demoUser` are derived. */
export type Config = Readonly<RawConfig> & {
  readonly LOGIN_PAGE: boolean;
  readonly production: boolean;
  /** Whether the user `demo` exists. */
  readonly demoUser: boolean;
};

/**
 * Reads the settings from an environment. An empty value counts as unset.
 *
 * @returns the settings, and in `warnings` one sentence per assumption made where a setting is missing
 * @throws {ConfigError} that names every invalid or missing setting
 */
export function loadConfig(env: NodeJS.ProcessEnv): { config: Config; warnings: string[] } {
  const raw = Value.Default(ConfigSchema, withProfile(pick(env))) as RawConfig;
  const production = env.NODE_ENV === 'production';
  const faults = faultsOf(raw, env.NODE_ENV);
  if (faults.length > 0) throw new ConfigError(faults);

  const warnings = ignoredVariables(env);
  const secrets = raw.SESSION_SECRETS.length > 0 ? raw.SESSION_SECRETS : [randomBytes(32).toString('base64url')];
  if (secrets !== raw.SESSION_SECRETS) {
    warnings.push('SESSION_SECRETS is not set: using a random secret; sessions end when the process stops.');
  }
  const credentials = raw.USERS_FILE !== undefined || raw.CREDENTIALS_URL !== undefined;
  const demoUser = !credentials && isLoopback(raw.HOST);
  if (demoUser) {
    warnings.push(
      'Neither USERS_FILE nor CREDENTIALS_URL is set: the user demo can log in with the password demo-password.',
    );
  } else if (!credentials) {
    warnings.push(
      'Neither USERS_FILE nor CREDENTIALS_URL is set, and HOST is not a loopback address: nobody can log in.',
    );
  }
  if (production && !raw.COOKIE_SECURE) {
    warnings.push('COOKIE_SECURE is false: session cookies are sent over plain HTTP too.');
  }
  if (raw.REDIS_URL === undefined) {
    warnings.push('REDIS_URL is not set: sessions are kept in memory, by this process alone, and end when it stops.');
  }
  const { LOGIN_PAGE = !production } = raw;
  const config = Object.freeze({ ...raw, LOGIN_PAGE, SESSION_SECRETS: secrets, production, demoUser });
  for (const value of Object.values(config)) Object.freeze(value);
  return { config, warnings };
}

/**
 * Returns TRUST_PROXY as Fastify's `trustProxy` option. X-Forwarded-For is trusted from no one, from the listed
 * addresses, or over a number of hops. A number is safe only where clients can't reach this process except through that
 * many proxies.
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

/** Adds the timeouts of SESSION_PROFILE where the environment does not set them. */
function withProfile(picked: Record<string, unknown>): Record<string, unknown> {
  return { ...PROFILES[picked.SESSION_PROFILE as keyof typeof PROFILES], ...picked };
}

/** Converts a value to the schema's type. A value that can't be converted is returned unchanged: validation rejects it. */
function read(value: string, type: unknown): unknown {
  if (type === 'array') return value.split(',').map((item) => item.trim());
  if (type === 'integer' && /^-?\d{1,15}$/.test(value)) return Number(value);
  if (type === 'boolean' && /^(true|false)$/i.test(value)) return value.toLowerCase() === 'true';
  return value;
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}
