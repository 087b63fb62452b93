import { randomBytes } from 'node:crypto';
import { isIP } from 'node:net';
import type { TSchema } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import { ConfigError, faultsOf } from './faults.ts';
import { ConfigSchema, PROFILES, type RawConfig } from './schema.ts';

/** The settings of one run; frozen. `production` and `demoUser` follow from them. */
export type Config = Readonly<RawConfig> & {
  readonly LOGIN_PAGE: boolean;
  readonly production: boolean;
  /** Whether the user `demo` exists. */
  readonly demoUser: boolean;
};

/** Settings of the contract that this version does not act on yet. */
const LATER = ['DATABASE_URL', 'KAFKA_BROKERS', 'OTEL_EXPORTER_OTLP_ENDPOINT'];

/**
 * Reads the settings from an environment. An empty value counts as unset.
 *
 * @returns the settings, and in `warnings` what was assumed for want of them
 * @throws {ConfigError} naming every bad or missing setting at once
 */
export function loadConfig(env: NodeJS.ProcessEnv): { config: Config; warnings: string[] } {
  const raw = Value.Default(ConfigSchema, withProfile(pick(env))) as RawConfig;
  const production = env.NODE_ENV === 'production';
  const faults = faultsOf(raw, production);
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

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}
