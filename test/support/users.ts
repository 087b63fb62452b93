import { randomBytes, scryptSync } from 'node:crypto';
import type { Test } from 'tap';

/** A users file with these names, each with the password `<name>-password`; hashed cheaply, for tests log in often. */
export function usersFile(t: Test, names: readonly string[]): string {
  return `${t.testdir({ users: usersText(names) })}/users`;
}

/** What such a file holds. */
export function usersText(names: readonly string[]): string {
  return names.map((name) => `${name}:${cheapHash(passwordOf(name))}\n`).join('');
}

export function passwordOf(name: string): string {
  return `${name}-password`;
}

function cheapHash(password: string): string {
  const salt = randomBytes(16);
  const hash = scryptSync(password, salt, 32, { N: 16, r: 8, p: 1 });
  const text = (bytes: Buffer) => bytes.toString('base64').replace(/=+$/, '');
  return `$scrypt$ln=4,r=8,p=1$${text(salt)}$${text(hash)}`;
}
