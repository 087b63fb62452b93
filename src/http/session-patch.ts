import { type Static, Type } from '@sinclair/typebox';
import type { ClaimsPatch, MetadataPatch } from '../session/attributes.ts';
import type { Change } from '../session/changes.ts';
import type { Attributes } from '../session/session.ts';
import { ApiError, type ErrorCode } from './errors.ts';
import { Claims, Keyed, Metadata, Strict } from './schemas.ts';

const KEY_BY_KEY = 'Each key is set to its value, whole; null deletes the key';

const properties = {
  metadata: Type.Optional({ ...Metadata, description: KEY_BY_KEY } as typeof Metadata),
  increment: Type.Optional(
    Keyed<number>(Type.Integer({ minimum: Number.MIN_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER }), {
      description: 'Each key, absent or an integer, grows by its value',
      examples: [{ visits: 1 }],
    }),
  ),
};

/** Body of a PATCH of a session by its user. */
export const SessionPatch = Strict(properties);

/** Body of a PATCH of a session by a service. */
export const ServiceSessionPatch = Strict({
  ...properties,
  claims: Type.Optional({ ...Claims, description: KEY_BY_KEY } as typeof Claims),
});

/** Headers of a PATCH of a session; RFC 9110 13.1.1. */
export const PatchHeaders = Type.Object({
  'if-match': Type.Optional(
    Type.String({
      pattern: '^\\s*(\\*|(W/)?"[^"]*"(\\s*,\\s*(W/)?"[^"]*")*)\\s*$',
      description: 'ETag the change is meant for; `*` for any',
      examples: ['"1"'],
    }),
  ),
  'x-lock-token': Type.Optional(
    Type.String({ minLength: 1, maxLength: 64, description: 'The `lockToken`, where the session is locked' }),
  ),
});

/** What a PATCH of a session may answer besides. */
export const patchFailures = [
  'LOCK_NOT_HELD',
  'INCREMENT_NOT_INTEGER',
  'VERSION_CONFLICT',
  'METADATA_TOO_LARGE',
  'SESSION_LOCKED',
] as const satisfies ErrorCode[];

/** The change a request asks for. @throws `FST_ERR_VALIDATION` for a key both set and incremented */
export function changeOf(
  sessionId: string,
  { headers, body }: { headers: Static<typeof PatchHeaders>; body: Static<typeof ServiceSessionPatch> },
): Change {
  return {
    sessionId,
    patch: patchOf(body),
    claims: body.claims === undefined ? undefined : setAndRemove(body.claims),
    ifVersions: versionsOf(headers['if-match']),
    lockToken: headers['x-lock-token'],
  };
}

function patchOf({ metadata = {}, increment = {} }: Static<typeof SessionPatch>): MetadataPatch {
  const both = Object.keys(increment).find((key) => Object.hasOwn(metadata, key));
  if (both !== undefined) {
    throw new ApiError('FST_ERR_VALIDATION', { message: 'body/increment must not name a key that metadata names' });
  }
  return { ...setAndRemove(metadata), increment };
}

function setAndRemove(attributes: Attributes): ClaimsPatch {
  const entries = Object.entries(attributes);
  return {
    set: Object.fromEntries(entries.filter(([, value]) => value !== null)),
    remove: entries.filter(([, value]) => value === null).map(([key]) => key),
  };
}

/** The versions an If-Match names, `undefined` where any will do. A weak tag never matches (RFC 9110 13.1.1). */
function versionsOf(ifMatch: string | undefined): number[] | undefined {
  if (ifMatch === undefined || ifMatch.trim() === '*') return undefined;
  return [...ifMatch.matchAll(/(?:^|[\s,])"([1-9][0-9]*)"/g)].map(([, version]) => Number(version));
}
