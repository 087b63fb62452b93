import { randomBytes, scryptSync } from 'node:crypto';

/** A scrypt PHC string of a password, cheap enough for tests. */
export function scryptHash(password: string, ln = 14): string {
  const salt = randomBytes(16);
  const hash = scryptSync(password, salt, 32, { N: 2 ** ln, r: 8, p: 1, maxmem: 2 ** 26 });
  return `$scrypt$ln=${ln},r=8,p=1$${base64(salt)}$${base64(hash)}`;
}

/** Base64 as PHC strings have it: without padding. */
export function base64(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '');
}
