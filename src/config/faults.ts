import { isIP } from 'node:net';
import type { TSchema } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import { claimHeader } from '../http/claim-headers.ts';
import { parseScopes, SCOPES } from '../http/scopes.ts';
import { parseRedisUrl } from '../stores/redis/connection/address.ts';
import { editDistance } from './edit-distance.ts';
import { ConfigSchema, PROFILES, type RawConfig } from './schema.ts';

/** Thrown when settings are invalid. The message lists every invalid setting by name and contains no values. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';

  constructor(faults: readonly string[]) {
    super(`sessiond can't start with these settings:\n${faults.map((fault) => `  - ${fault}`).join('\n')}`);
  }
}

/**
 * Validates settings.
 *
 * @param nodeEnv the value of NODE_ENV; with `production` and what resembles it, the settings that production requires
 *   must be present
 * @returns one sentence per invalid setting, which names the setting and contains no values
 */
export function faultsOf(raw: RawConfig, nodeEnv: string | undefined): string[] {
  const faults = [...schemaFaults(raw), ...crossFaults(raw)];
  if (nodeEnv === 'production') return [...faults, ...missingInProduction(raw)];
  if (!resemblesProduction(nodeEnv)) return faults;
  return [NODE_ENV_FAULT, ...faults, ...missingInProduction(raw)];
}

const NODE_ENV_FAULT =
  'NODE_ENV: expected production in exactly this spelling; any other value allows a demo user and random secrets';

/** Whether a value other than `production` is meant as such: prod, Production, "production" in quotes, live, … */
function resemblesProduction(nodeEnv = ''): boolean {
  const [word = ''] = /[a-z].*/.exec(nodeEnv.toLowerCase()) ?? [];
  return /^(prod|prd\b|live\b)/.test(word) || editDistance(word, 'production') <= 2;
}

function schemaFaults(raw: unknown): string[] {
  const faults = new Map<string, string>();
  for (const { path, schema, message } of Value.Errors(ConfigSchema, raw)) {
    const [, name = '', position] = path.split('/');
    const where = position === undefined ? name : `${name} (item ${Number(position) + 1})`;
    const expected = schema.description ?? valuesOf(name, schema) ?? message.replace('Expected ', '');
    if (!faults.has(where)) faults.set(where, `${where}: expected ${expected}`);
  }
  return [...faults.values()];
}

/** Describes the values that a schema allows, with their unit where the setting's name has one. */
function valuesOf(name: string, { anyOf, type, minimum, maximum, minLength }: TSchema): string | undefined {
  if (anyOf !== undefined) return `one of ${anyOf.map((option: TSchema) => option.const).join(', ')}`;
  if (type === 'boolean') return 'true or false';
  if (type === 'string' && minLength !== undefined) return `${minLength} characters or more`;
  if (type !== 'integer') return undefined;
  const unit = name.endsWith('_SECONDS') ? 'seconds, ' : name.endsWith('_MS') ? 'milliseconds, ' : '';
  return `${unit}an integer ${maximum === undefined ? `of at least ${minimum}` : `from ${minimum} to ${maximum}`}`;
}

function scopeFaults({ SERVICE_KEYS: keys, SERVICE_SCOPES: items }: RawConfig): string[] {
  const services = new Set(keys.map((pair) => pair.slice(0, pair.indexOf(':'))));
  const named = new Set<string>();
  return items.flatMap((item, index) => {
    const where = `SERVICE_SCOPES (item ${index + 1})`;
    const name = item.slice(0, item.indexOf('='));
    const again = named.has(name);
    named.add(name);
    if (parseScopes(item) === undefined) return [`${where}: expected scopes among ${SCOPES.join(', ')}`];
    if (!services.has(name)) return [`${where}: expected the name of a service in SERVICE_KEYS`];
    return again ? [`${where}: expected one item for each service`] : [];
  });
}

/** Two claims must not share a header. */
function claimFaults({ CLAIM_HEADERS: names }: RawConfig): string[] {
  const headers = names.map(claimHeader);
  const again = headers.findIndex((header, index) => headers.indexOf(header) !== index);
  return again === -1 ? [] : [`CLAIM_HEADERS (item ${again + 1}): expected a name with a header of its own`];
}

function crossFaults(raw: RawConfig): string[] {
  const faults = [...scopeFaults(raw), ...claimFaults(raw)];
  if (raw.REDIS_URL !== undefined && parseRedisUrl(raw.REDIS_URL) === undefined) {
    faults.push(`REDIS_URL: expected ${ConfigSchema.properties.REDIS_URL.description}`);
  }
  if (raw.REDIS_WAIT_REPLICAS > 0 && raw.REDIS_URL === undefined) {
    faults.push('REDIS_WAIT_REPLICAS: expected 0 without REDIS_URL');
  }
  for (const kind of ['SESSION', 'REMEMBER'] as const) {
    if (raw[`${kind}_IDLE_SECONDS`] > raw[`${kind}_ABSOLUTE_SECONDS`]) {
      faults.push(`${kind}_IDLE_SECONDS: expected at most ${kind}_ABSOLUTE_SECONDS`);
    }
  }
  for (const [name, longest] of Object.entries(PROFILES[raw.SESSION_PROFILE as keyof typeof PROFILES] ?? {})) {
    if ((raw[name as keyof typeof raw] as number) > longest) {
      faults.push(`${name}: expected seconds, at most ${longest}, the limit of SESSION_PROFILE`);
    }
  }
  if (raw.USERS_FILE !== undefined && raw.CREDENTIALS_URL !== undefined) {
    faults.push('USERS_FILE and CREDENTIALS_URL: expected only one of them');
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

function missingInProduction(raw: RawConfig): string[] {
  const faults: string[] = [];
  const needed = 'required when NODE_ENV=production';
  if (raw.SESSION_SECRETS.length === 0) {
    faults.push(`SESSION_SECRETS: ${needed}, 32 characters or more; try: openssl rand -base64 32`);
  }
  if (raw.REDIS_URL === undefined) faults.push(`REDIS_URL: ${needed}, such as redis://user:password@redis:6379`);
  if (raw.USERS_FILE === undefined && raw.CREDENTIALS_URL === undefined) {
    faults.push(`USERS_FILE or CREDENTIALS_URL: ${needed}, the source of users`);
  }
  return faults;
}

/**
 * Whether a URL parses and its user name and password decode. A URL that failed later would appear, password included,
 * in an error message.
 */
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
