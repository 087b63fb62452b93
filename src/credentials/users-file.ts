import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import type { Credentials, Identity } from './credentials.ts';
import { hashPassword, isPasswordHash } from './password.ts';
import { createPasswordChecks, type PasswordChecks } from './password-checks.ts';

/** Users by name, each with the PHC string of the password. */
export type Users = ReadonlyMap<string, string>;

/** A users file that is not what it should be; names the line, never what stands in it. */
export class UsersFileError extends Error {
  override readonly name = 'UsersFileError';
}

/**
 * Users from a file of `username:<PHC string>` lines, read again whenever it has changed; while a changed file can't
 * be read, the users known before stay.
 *
 * @param onProblem called with the error when a changed file can't be used
 * @throws {UsersFileError} when the file can't be read at the start
 */
export async function createUsersFileCredentials(
  path: string,
  onProblem: (problem: unknown) => void,
): Promise<Credentials> {
  let users = await readUsers(path);
  // Not yet known: what changed while the file was read is seen at the first check.
  let seen: string | undefined;

  async function current(): Promise<Users> {
    try {
      const now = await fingerprint(path);
      if (now !== seen) {
        seen = now;
        users = await readUsers(path);
      }
    } catch (problem) {
      onProblem(problem);
    }
    return users;
  }

  return ofUsers(`users of ${path}`, current);
}

/** One user `demo` with the password `demo-password`, for a first try on a loopback address. */
export async function createDemoCredentials(): Promise<Credentials> {
  const users: Users = new Map([['demo', await hashPassword('demo-password')]]);
  return ofUsers('the user demo with the password demo-password', async () => users);
}

/** Nobody: no source of credentials is set. */
export async function createNoCredentials(): Promise<Credentials> {
  return ofUsers('nobody', async () => new Map());
}

function ofUsers(description: string, users: () => Promise<Users>): Credentials {
  const checks = createPasswordChecks();
  return {
    description,
    check: async ({ username, password }) => checkUser(await users(), { checks, username, password }),
    close: checks.close,
  };
}

/** Reads a users file. @throws {UsersFileError} naming the first line that is not as it should be */
export async function readUsers(path: string): Promise<Users> {
  return parseUsers(path, await readUsersText(path));
}

/** The text of a users file. @throws {UsersFileError} with the system's error as its cause */
export async function readUsersText(path: string): Promise<string> {
  return readFile(path, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    throw new UsersFileError(`${path} can't be read (${cause.code})`, { cause });
  });
}

/** The users of a file's text; lines that are empty or start with # are passed over. @throws {UsersFileError} */
export function parseUsers(path: string, text: string): Users {
  const users = new Map<string, string>();
  for (const [position, line] of text.split(/\r?\n/).entries()) {
    if (line === '' || line.startsWith('#')) continue;
    const user = userLine(line);
    if (/:\$2[abxy]?\$/.test(line)) {
      throw new UsersFileError(
        `${path}, line ${position + 1}: a bcrypt hash; expected argon2id or scrypt. Set the password anew: npm run user`,
      );
    }
    if (user === undefined || users.has(user.name)) {
      throw new UsersFileError(`${path}, line ${position + 1}: expected a new username, a colon and a PHC string`);
    }
    users.set(user.name, user.phcString);
  }
  return users;
}

/** The user of one line; `undefined` when it is none. A username may have colons, a PHC string has none. */
export function userLine(line: string): { name: string; phcString: string } | undefined {
  const end = line.lastIndexOf(':');
  const [name, phcString] = [line.slice(0, Math.max(end, 0)), line.slice(end + 1)];
  return isUsername(name) && isPasswordHash(phcString) ? { name, phcString } : undefined;
}

/** Whether a text can be a username: 1 to 256 characters, none of them a control character. */
export function isUsername(text: string): boolean {
  return /^[^\p{Cc}\p{Cs}#][^\p{Cc}\p{Cs}]{0,255}$/u.test(text);
}

// Checked against for unknown users, so that they take the same work. Where there are users it is one of theirs, the
// same for the same name, so that even files of mixed hashes tell nothing by time; where there are none, this one.
let standIn: Promise<string> | undefined;

async function checkUser(
  users: Users,
  { checks, username, password }: { checks: PasswordChecks; username: string; password: string },
): Promise<Identity | undefined> {
  const known = users.get(username);
  const matches = await checks.verify(known ?? (await standInFor(users, username)), password);
  return matches && known !== undefined ? { userId: username, metadata: {}, claims: {} } : undefined;
}

async function standInFor(users: Users, username: string): Promise<string> {
  const hashes = [...users.values()];
  if (hashes.length === 0) {
    standIn ??= hashPassword('nobody has this password');
    return standIn;
  }
  const pick = createHash('sha256').update(username).digest().readUInt32BE();
  return hashes[pick % hashes.length] as string;
}

async function fingerprint(path: string): Promise<string> {
  const { ino, size, mtimeMs } = await stat(path);
  return `${ino} ${size} ${mtimeMs}`;
}
