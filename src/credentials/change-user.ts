import { rename, rm, writeFile } from 'node:fs/promises';
import { parseUsers, readUsersText, UsersFileError, userLine } from './users-file.ts';

/** Sets a user's PHC string in a users file, which is made where there is none. @throws {UsersFileError} */
export async function setUser(path: string, name: string, phcString: string): Promise<void> {
  const text = await readUsersText(path).catch((error: UsersFileError) => {
    if ((error.cause as NodeJS.ErrnoException | undefined)?.code === 'ENOENT') return '';
    throw error;
  });
  const changed = `${name}:${phcString}`;
  const known = parseUsers(path, text).has(name);
  const lines = linesOf(text).map((line) => (userLine(line)?.name === name ? changed : line));
  await write(path, known ? lines : [...lines, changed]);
}

/** Takes a user out of a users file. @throws {UsersFileError} */
export async function removeUser(path: string, name: string): Promise<void> {
  const text = await readUsersText(path);
  if (!parseUsers(path, text).has(name)) throw new UsersFileError(`There is no user ${name} in ${path}`);
  await write(
    path,
    linesOf(text).filter((line) => userLine(line)?.name !== name),
  );
}

function linesOf(text: string): string[] {
  const lines = text.split(/\r?\n/);
  return lines.at(-1) === '' ? lines.slice(0, -1) : lines;
}

/** Writes the file as a whole or not at all; readable for its owner alone. */
async function write(path: string, lines: readonly string[]): Promise<void> {
  const draft = `${path}.${process.pid}.tmp`;
  try {
    await writeFile(draft, lines.map((line) => `${line}\n`).join(''), { mode: 0o600, flush: true });
    await rename(draft, path);
  } catch (cause) {
    throw new UsersFileError(`${path} can't be written (${(cause as NodeJS.ErrnoException).code})`, { cause });
  } finally {
    await rm(draft, { force: true });
  }
}
