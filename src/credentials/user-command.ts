// npm run user -- set <name> | remove <name> | list   keeps the users file; see README.md.
import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { parseArgs } from 'node:util';
import { readEnvironment } from '../config/environment.ts';
import { endSessionsOf } from '../stores/redis/end-sessions.ts';
import { removeUser, setUser } from './change-user.ts';
import { passwordFault } from './new-password.ts';
import { hashPassword } from './password.ts';
import { isUsername, readUsers, UsersFileError } from './users-file.ts';

const USAGE = `npm run user -- set <name>      reads the password from standard input
npm run user -- remove <name>
npm run user -- list

The file is named by USERS_FILE, or by --file <path>.`;

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
    const fault = passwordFault(name, password);
    if (fault !== undefined) throw new UsersFileError(`${fault}; nothing has changed`);
    await setUser(path, name, await hashPassword(password));
    return `${name} may log in now; a running service reads the file by itself.`;
  }
  if (command === 'remove') {
    await removeUser(path, name);
    return `${name} can't log in any more; ${await endSessions(name)}`;
  }
  throw new UsersFileError(USAGE);
}

/** Ends the sessions of a user who was removed. @throws when Redis can't be reached */
async function endSessions(name: string): Promise<string> {
  const { REDIS_URL: url = '', REDIS_PREFIX: prefix = 'sd' } = readEnvironment();
  if (url === '') return 'live sessions go on until they expire: with REDIS_URL set, this command ends them.';
  const ended = await endSessionsOf({ url, prefix, userId: name }).catch((cause: Error) => {
    const how = `DELETE /v1/users/${encodeURIComponent(name)}/sessions ends them`;
    throw new UsersFileError(`${name} can't log in any more, but sessions go on (REDIS_URL: ${cause.message}); ${how}`);
  });
  return `${ended} live ${ended === 1 ? 'session has' : 'sessions have'} ended.`;
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
