// npm run user -- set <name> | remove <name> | list   keeps the users file; see README.md.
import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { parseArgs } from 'node:util';
import { readEnvironment } from '../config/environment.ts';
import { removeUser, setUser } from './change-user.ts';
import { hashPassword } from './password.ts';
import { isUsername, readUsers, UsersFileError } from './users-file.ts';

const USAGE = `npm run user -- set <name>      reads the password from standard input
npm run user -- remove <name>
npm run user -- list

The file is named by USERS_FILE, or by --file <path>.`;

const MAX_PASSWORD = 1024;

async function main(): Promise<string> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { file: { type: 'string' }, help: { type: 'boolean' } },
  });
  if (values.help) return USAGE;
  const [command, name] = positionals;
  const path = values.file ?? readEnvironment().USERS_FILE;
  if (path === undefined || path === '') throw new UsersFileError(`Set USERS_FILE, or name the file.\n\n${USAGE}`);

  if (command === 'list' && positionals.length === 1) return [...(await readUsers(path)).keys()].join('\n');
  if (name === undefined || positionals.length > 2) throw new UsersFileError(USAGE);
  if (command === 'set') {
    if (!isUsername(name)) {
      throw new UsersFileError('A username has 1 to 256 characters, none of them a control character, and no # first');
    }
    const password = await readPassword(name);
    if (password.length < 1 || password.length > MAX_PASSWORD) {
      throw new UsersFileError(`A password has 1 to ${MAX_PASSWORD} characters; nothing has changed`);
    }
    await setUser(path, name, await hashPassword(password));
    return `${name} may log in now; a running service reads the file by itself.`;
  }
  if (command === 'remove') {
    await removeUser(path, name);
    return `${name} can't log in any more; sessions that live end by logout or by time.`;
  }
  throw new UsersFileError(USAGE);
}

/** The first line of standard input; on a terminal, asked for and not shown. */
async function readPassword(name: string): Promise<string> {
  const hidden = new Writable({ write: (_chunk, _encoding, done) => done() });
  const input = createInterface({ input: process.stdin, output: hidden, terminal: process.stdin.isTTY });
  if (process.stdin.isTTY) process.stderr.write(`Password for ${name}: `);
  try {
    for await (const line of input) return line;
    return '';
  } finally {
    input.close();
    if (process.stdin.isTTY) process.stderr.write('\n');
  }
}

try {
  console.log(await main());
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
