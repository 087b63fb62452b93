import type { Json, Metadata, Session } from '../../session/session.ts';
import type { NewSession } from '../../session/store.ts';

/**
 * The record of a session as Redis holds it: one JSON array of fixed places, half the bytes of a hash.
 *
 *   0 format · 1 last seen, 13 digits (touch.lua writes over them in place) · 2 created · 3 idle timeout ·
 *   4 absolute timeout · 5 authenticated, ms after creation, -1 never · 6 generation · 7 version · 8 userId, '' none ·
 *   9 address · 10 user agent · 11 metadata: [key, value, key, value...]
 *
 * Metadata keys are JSON text without its quotes, values are JSON text: opaque to the scripts, which could not carry
 * `[]`, 2^53 - 1 or a lone surrogate otherwise. The scripts know the places too (common.lua).
 */
type Places = [
  format: 1,
  seen: number,
  created: number,
  idleMs: number,
  absoluteMs: number,
  authenticatedAfter: number,
  generation: number,
  version: number,
  userId: string,
  ip: string,
  userAgent: string,
  metadata: string[],
];

/** The record of a new session from place 5 on, without the opening bracket; create.lua puts the times in front. */
export function encodeNew({ userId, device, metadata }: NewSession): string {
  const authenticatedAfter = userId === null ? -1 : 0;
  return JSON.stringify([
    authenticatedAfter,
    1,
    1,
    userId ?? '',
    device.ip.toWellFormed(),
    device.userAgent.toWellFormed(),
    encodePairs(metadata).flat(),
  ]).slice(1);
}

/** The session of a record, or `undefined` where the record is of another format or broken. */
export function decode(sessionId: string, record: string): Session | undefined {
  const places = parse(record);
  if (places === undefined) return undefined;
  try {
    const [, seen, created, idleMs, absoluteMs, authenticatedAfter, generation, version, userId, ip, userAgent, flat] =
      places;
    return {
      sessionId,
      userId: userId === '' ? null : userId,
      createdAt: created,
      authenticatedAt: authenticatedAfter < 0 ? null : created + authenticatedAfter,
      lastSeenAt: seen,
      idleMs,
      absoluteExpiresAt: created + absoluteMs,
      generation,
      version,
      metadata: decodeMetadata(flat),
      device: { ip, userAgent },
    };
  } catch {
    return undefined;
  }
}

function parse(record: string): Places | undefined {
  if (!record.startsWith('[1,')) return undefined;
  try {
    const places = JSON.parse(record) as Places;
    const [format, seen, created, idleMs, absoluteMs, authenticatedAfter, generation, version, ...texts] = places;
    // The sum of these is finite only if each of them is a number.
    const numbers = format + seen + created + idleMs + absoluteMs + authenticatedAfter + generation + version;
    const [userId, ip, userAgent, metadata] = texts;
    const wellFormed =
      Number.isFinite(numbers) && typeof userId === 'string' && typeof ip === 'string' && typeof userAgent === 'string';
    return wellFormed && typeof metadata === 'object' && metadata !== null ? places : undefined;
  } catch {
    return undefined;
  }
}

/** Metadata as the scripts take it: pairs of key and value, both as JSON text. */
export function encodePairs(metadata: Metadata): [key: string, value: string][] {
  return Object.entries(metadata).map(([key, value]) => [encodeKey(key), JSON.stringify(value)]);
}

/** A metadata key as JSON text without its quotes: for all ordinary keys, the key itself. */
export function encodeKey(key: string): string {
  return JSON.stringify(key).slice(1, -1);
}

// An empty list comes back from cjson as {}.
function decodeMetadata(flat: string[] | Record<string, never>): Metadata {
  const pairs: [string, Json][] = [];
  if (Array.isArray(flat)) {
    for (let i = 0; i < flat.length; i += 2) {
      pairs.push([JSON.parse(`"${flat[i]}"`), JSON.parse(flat[i + 1] as string)]);
    }
  }
  return Object.fromEntries(pairs);
}
