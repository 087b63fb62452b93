import type { Attributes, Json, Session } from '../../../session/session.ts';
import type { NewSession } from '../../../session/store.ts';

/**
 * The record of a session as Redis holds it: one JSON array of fixed places, half the bytes of a hash.
 *
 *   0 format · 1 last seen, 13 digits (touch.lua writes over them in place) · 2 created · 3 idle timeout, s ·
 *   4 absolute timeout, s · 5 userId, '' none · 6 address · 7 user agent ·
 *   8 authenticated, ms after creation, -1 never · 9 version · 10 metadata: [key, value, key, value...] ·
 *   11 generation · 12 renewed, ms after creation · 13 earliest generation in grace · 14 to be remembered, 0 or 1 ·
 *   15 claims, as metadata
 *
 * Versions that run side by side read each other's records: new places are added at the end, where a version leaves alone
 * what it does not know. A format that could not be read so gets another number, and is written only by the version after
 * the first that reads it.
 *
 * From place 8 on, places at the end that hold 0, 1, [], 1, 0, 1, 0, [] are left out. Keys are JSON text without its
 * quotes, values are JSON text: opaque to the scripts, which could not carry `[]`, 2^53 - 1 or a lone surrogate
 * otherwise. The scripts know the places too (common.lua).
 */
type Places = [
  format: 1,
  seen: number,
  created: number,
  idleSeconds: number,
  absoluteSeconds: number,
  userId: string,
  ip: string,
  userAgent: string,
  authenticatedAfter?: number,
  version?: number,
  metadata?: string[],
  generation?: number,
  renewedAfter?: number,
  graceGeneration?: number,
  remember?: number,
  claims?: string[],
];

/** Shared by all sessions that have none. */
const NONE: Attributes = Object.freeze({});

/** The record of a new session from place 3 on, without the opening bracket; create.lua puts the times in front. */
export function encodeNew({ userId, idleMs, absoluteMs, remember, device, metadata, claims = {} }: NewSession): string {
  const { ip, userAgent } = device;
  const places: unknown[] = [
    idleMs / 1000,
    absoluteMs / 1000,
    userId ?? '',
    ip.toWellFormed(),
    userAgent.toWellFormed(),
  ];
  const pairs = encodePairs(metadata).flat();
  const claimPairs = encodePairs(claims).flat();
  const authenticatedAfter = userId === null ? -1 : 0;
  if (claimPairs.length > 0) places.push(authenticatedAfter, 1, pairs, 1, 0, 1, remember ? 1 : 0, claimPairs);
  else if (remember) places.push(authenticatedAfter, 1, pairs, 1, 0, 1, 1);
  else if (pairs.length > 0) places.push(authenticatedAfter, 1, pairs);
  else if (userId === null) places.push(authenticatedAfter);
  return JSON.stringify(places).slice(1);
}

/** The session of a record, or `undefined` where the record is of another format or broken. */
export function decode(sessionId: string, record: string): Session | undefined {
  try {
    const places = parse(record);
    if (places === undefined) return undefined;
    const [, seen, created, idleSeconds, absoluteSeconds, userId, ip, userAgent] = places;
    const [, , , , , , , , authenticatedAfter = 0, version = 1, metadata = []] = places;
    const [, , , , , , , , , , , generation = 1, renewedAfter = 0, graceGeneration = 1, remember = 0, claims = []] =
      places;
    return {
      sessionId,
      userId: userId === '' ? null : userId,
      createdAt: created,
      authenticatedAt: authenticatedAfter < 0 ? null : created + authenticatedAfter,
      lastSeenAt: seen,
      idleMs: Math.round(idleSeconds * 1000),
      absoluteExpiresAt: created + Math.round(absoluteSeconds * 1000),
      generation,
      renewedAt: created + renewedAfter,
      graceGeneration,
      remember: remember === 1,
      version,
      metadata: decodeAttributes(metadata),
      claims: decodeAttributes(claims),
      device: { ip, userAgent },
    };
  } catch {
    return undefined;
  }
}

/** Whether a record is of another format, which another version of the service can read. */
export function isOtherFormat(record: string): boolean {
  return /^\[\d+,/.test(record) && !record.startsWith('[1,');
}

function parse(record: string): Places | undefined {
  if (!record.startsWith('[1,')) return undefined;
  const places = JSON.parse(record) as Places;
  const [format, seen, created, idle, absolute, userId, ip, userAgent, authenticated = 0, version = 1] = places;
  const [, , , , , , , , , , metadata = [], generation = 1, renewed = 0, grace = 1, remember = 0, claims = []] = places;
  // The sum of these is finite only if each of them is a number.
  const sum =
    format + seen + created + idle + absolute + authenticated + version + generation + renewed + grace + remember;
  const wellFormed =
    Number.isFinite(sum) &&
    typeof userId === 'string' &&
    typeof ip === 'string' &&
    typeof userAgent === 'string' &&
    typeof metadata === 'object' &&
    typeof claims === 'object';
  return wellFormed ? places : undefined;
}

/** Metadata or claims as the scripts take them: pairs of key and value, both as JSON text. */
export function encodePairs(attributes: Attributes): [key: string, value: string][] {
  return Object.entries(attributes).map(([key, value]) => [encodeKey(key), JSON.stringify(value)]);
}

/** A key as JSON text without its quotes: for all ordinary keys, the key itself. */
export function encodeKey(key: string): string {
  return JSON.stringify(key).slice(1, -1);
}

// An empty list comes back from cjson as {}.
function decodeAttributes(flat: string[] | Record<string, never>): Attributes {
  if (!Array.isArray(flat) || flat.length === 0) return NONE;
  const pairs: [string, Json][] = [];
  for (let i = 0; i < flat.length; i += 2) {
    pairs.push([JSON.parse(`"${flat[i]}"`), JSON.parse(flat[i + 1] as string)]);
  }
  return Object.fromEntries(pairs);
}
