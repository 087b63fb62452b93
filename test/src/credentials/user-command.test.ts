import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { build } from '../../support/build.ts';
import { run } from '../../support/run.ts';
import { scryptHash } from '../../support/scrypt.ts';

/** A folder for a users file, and the command on that file. */
function open(t: Test) {
  const folder = t.testdir();
  const file = join(folder, 'users');
  const user = (args: readonly string[], input?: string, env: Record<string, string> = { USERS_FILE: file }) =>
    run(process.execPath, ['src/credentials/user-command.ts', ...args], { env, ...(input && { input }) });
  return { folder, file, user };
}

t.test('set makes the file, for its owner alone, and leaves nothing beside it', async (t) => {
  const { folder, file, user } = open(t);
  const { code, stdout, stderr } = await user(['set', 'ann'], 'ann-password\n');
  t.equal(code, 0);
  t.match(stdout, /^ann may log in now/);
  t.equal(stderr, '');
  t.match(await readFile(file, 'utf8'), /^ann:\$argon2id\$[^\n]+\n$/);
  t.equal((await stat(file)).mode & 0o777, 0o600);
  t.same(await readdir(folder), ['users']);
});

t.test('set, list and remove, while a service that uses the file runs', async (t) => {
  const { file, user } = open(t);
  await writeFile(file, `bob:${scryptHash('bob-password')}\n`);
  const { app } = await build(t, { USERS_FILE: file });
  const login = async (username: string, password: string) =>
    (await app.inject({ method: 'POST', url: '/login', payload: { username, password } })).statusCode;

  t.equal(await login('ann:müller', 'first'), 401);
  t.equal((await user(['set', 'ann:müller'], 'first\r\nnot this line')).code, 0);
  t.equal(await login('ann:müller', 'first'), 200, 'may log in');
  t.equal((await user(['set', 'ann:müller'], 'second')).code, 0);
  t.equal(await login('ann:müller', 'first'), 401, 'not with the old password');
  t.equal(await login('ann:müller', 'second'), 200, 'but with the new');
  t.equal((await user(['list'])).stdout, 'bob\nann:müller\n');
  t.equal((await user(['remove', 'ann:müller'])).code, 0);
  t.equal(await login('ann:müller', 'second'), 401, 'not any more');
  t.equal(await login('bob', 'bob-password'), 200, 'others as before');
  t.equal((await user(['list'])).stdout, 'bob\n');
});

t.test('set keeps the comments of the file', async (t) => {
  const { file, user } = open(t);
  await writeFile(file, `# people\nbob:${scryptHash('x')}\n\n# machines\n`);
  await user(['set', 'ann'], 'ann-password');
  const text = await readFile(file, 'utf8');
  t.match(text, /^# people\nbob:.*\n\n# machines\nann:.*\n$/);
});

t.test('--file names the file instead of USERS_FILE', async (t) => {
  const { file, user } = open(t);
  await user(['set', 'ann', '--file', `${file}-2`], 'pw', {});
  t.equal((await user(['list', '--file', `${file}-2`], '', {})).stdout, 'ann\n');
});

const refused: { what: string; args: string[]; input?: string; says: RegExp }[] = [
  { what: 'no command', args: [], says: /npm run user -- set <name>/ },
  { what: 'an unknown command', args: ['add', 'ann'], says: /npm run user -- set <name>/ },
  { what: 'set without a name', args: ['set'], says: /npm run user -- set <name>/ },
  { what: 'a password on the command line', args: ['set', 'ann', 'hush'], says: /from standard input/ },
  { what: 'an unknown option', args: ['list', '--hush'], says: /--hush/ },
  { what: 'an empty password', args: ['set', 'ann'], says: /1 to 1024 characters; nothing has changed/ },
  { what: 'too long a password', args: ['set', 'ann'], input: 'x'.repeat(1025), says: /1 to 1024 characters/ },
  { what: 'a name that would be a comment', args: ['set', '#ann'], input: 'pw', says: /no # first/ },
  { what: 'a name of two lines', args: ['set', 'a\nb'], input: 'pw', says: /control character/ },
  { what: 'the removal of an unknown user', args: ['remove', 'ann'], says: /no user ann in .*users/ },
];

for (const { what, args, input, says } of refused) {
  t.test(`${what} is refused: exit code 1, what to do, nothing changed`, async (t) => {
    const { file, folder, user } = open(t);
    const before = `bob:${scryptHash('x')}\n`;
    await writeFile(file, before);
    const { code, stdout, stderr } = await user(args, input);
    t.equal(code, 1);
    t.equal(stdout, '');
    t.match(stderr, says);
    t.notMatch(stderr, /\n +at /, 'no stack');
    t.equal(await readFile(file, 'utf8'), before);
    t.same(await readdir(folder), ['users']);
  });
}

t.test('--help says what there is', async (t) => {
  const { user } = open(t);
  t.match(await user(['--help'], '', {}), { code: 0, stdout: /user -- set <name>/, stderr: '' });
});

t.test('a file that is missing, broken or not named is said', async (t) => {
  const { file, user } = open(t);
  t.match(await user(['set', 'ann'], 'pw', {}), { code: 1, stderr: /Set USERS_FILE/ });
  t.match(await user(['list']), { code: 1, stderr: /users can't be read \(ENOENT\)/ });
  t.match(await user(['set', 'ann'], 'pw', { USERS_FILE: join(file, 'no', 'folder') }), { code: 1, stderr: /ENOENT/ });
  await writeFile(file, 'hush\n');
  const broken = await user(['set', 'ann'], 'pw');
  t.match(broken, { code: 1, stderr: /line 1/ });
  t.notMatch(broken.stderr, /hush/);
  t.equal(await readFile(file, 'utf8'), 'hush\n', 'and it is left as it is');
});
