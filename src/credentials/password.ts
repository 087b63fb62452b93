import { scryptSync, timingSafeEqual } from 'node:crypto';
import { hash, verifySync } from '@node-rs/argon2';
import { deserialize, type PhcParts, serialize } from '@phc/format';

// OWASP Password Storage Cheat Sheet: argon2id with 19 MiB, 2 passes, 1 lane.
const ARGON2ID = { algorithm: 2, memoryCost: 19_456, timeCost: 2, parallelism: 1 };
const PHC_STRING = /^\$(argon2id(\$v=(16|19))?|scrypt)\$[a-z0-9=,]+\$[^$]+\$[^$]+$/;
const MIN_SALT_BYTES = 8;
const MIN_HASH_BYTES = 16;
// One check may take so much; beyond it a line of the users file would be a way to bring the service down.
const MAX_MEMORY_BYTES = 2 ** 30;

interface ScryptParts extends PhcParts {
  readonly params: { readonly ln: number; readonly r: number; readonly p: number };
  readonly salt: Buffer;
  readonly hash: Buffer;
}

/** Hashes a password as an argon2id PHC string. */
export function hashPassword(password: string): Promise<string> {
  return hash(password, ARGON2ID);
}

/**
 * Whether a text is an argon2id or scrypt PHC string that passwords can be checked against. One that was cut short is
 * not: the fewer bytes of hash, the more passwords match, and all of them match none.
 */
export function isPasswordHash(text: string): boolean {
  if (!PHC_STRING.test(text)) return false;
  try {
    const parts = deserialize(text);
    const { m = 0, t, ln = 0, r = 0, p = 0 } = parts.params ?? {};
    const isScrypt = parts.id === 'scrypt';
    const costs = isScrypt ? [ln, r, p] : [m, t, p];
    const memory = isScrypt ? 128 * Number(r) * 2 ** Number(ln) : 1024 * Number(m);
    return (
      costs.every((cost) => Number.isInteger(cost) && Number(cost) > 0) &&
      (isScrypt || Number(m) >= 8 * Number(p)) &&
      memory <= MAX_MEMORY_BYTES &&
      (parts.salt?.length ?? 0) >= MIN_SALT_BYTES &&
      (parts.hash?.length ?? 0) >= MIN_HASH_BYTES &&
      serialize(parts) === text
    );
  } catch {
    return false;
  }
}

/**
 * Whether the password belongs to an argon2id or scrypt PHC string (P-H-C/phc-string-format). Takes as long for a
 * wrong one as for the right one, and blocks the thread meanwhile: `password-checks.ts` runs it in others.
 */
export function verifyPassword(phcString: string, password: string): boolean {
  return phcString.startsWith('$scrypt$') ? verifyScrypt(phcString, password) : verifySync(phcString, password);
}

function verifyScrypt(phcString: string, password: string): boolean {
  const { params, salt, hash } = deserialize(phcString) as ScryptParts;
  const { ln, r, p } = params;
  const N = 2 ** ln;
  const derived = scryptSync(password, salt, hash.length, { N, r, p, maxmem: 128 * r * (N + p) + 1024 * 1024 });
  return timingSafeEqual(derived, hash);
}
