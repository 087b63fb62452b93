import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { build, cookieToken, withCookie } from '../../support/build.ts';
import { startRedis } from '../../support/redis.ts';
import { run } from '../../support/run.ts';
import { scryptHash } from '../../support/scrypt.ts';
import { until } from '../../support/until.ts';

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

  t.equal(await login('ann:müller', 'first one'), 401);
  t.equal((await user(['set', 'ann:müller'], 'first one\r\nnot this line')).code, 0);
  t.equal(await login('ann:müller', 'first one'), 200, 'may log in');
  t.equal((await user(['set', 'ann:müller'], 'second one')).code, 0);
  t.equal(await login('ann:müller', 'first one'), 401, 'not with the old password');
  t.equal(await login('ann:müller', 'second one'), 200, 'but with the new');
  t.equal((await user(['list'])).stdout, 'bob\nann:müller\n');
  t.equal((await user(['remove', 'ann:müller'])).code, 0);
  t.equal(await login('ann:müller', 'second one'), 401, 'not any more');
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
  await user(['set', 'ann', '--file', `${file}-2`], 'pw of eight', {});
  t.equal((await user(['list', '--file', `${file}-2`], '', {})).stdout, 'ann\n');
});

const refused: { what: string; args: string[]; input?: string; says: RegExp }[] = [
  { what: 'no command', args: [], says: /npm run user -- set <name>/ },
  { what: 'an unknown command', args: ['add', 'ann'], says: /npm run user -- set <name>/ },
  { what: 'set without a name', args: ['set'], says: /npm run user -- set <name>/ },
  { what: 'a password on the command line', args: ['set', 'ann', 'hush'], says: /from standard input/ },
  { what: 'an unknown option', args: ['list', '--hush'], says: /--hush/ },
  { what: 'an empty password', args: ['set', 'ann'], says: /8 to 1024 characters; nothing has changed/ },
  { what: 'a password of seven characters', args: ['set', 'ann'], input: 'pässwör', says: /8 to 1024 characters/ },
  { what: 'a common password', args: ['set', 'ann'], input: 'PassWord123', says: /first that are tried; nothing/ },
  { what: 'the name as the password', args: ['set', 'Annabell'], input: 'annabell', says: /is the username/ },
  { what: 'too long a password', args: ['set', 'ann'], input: 'x'.repeat(1025), says: /8 to 1024 characters/ },
  { what: 'a name that would be a comment', args: ['set', '#ann'], input: 'pw of eight', says: /no # first/ },
  { what: 'a name of two lines', args: ['set', 'a\nb'], input: 'pw of eight', says: /control character/ },
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

t.test('remove ends the sessions of the user where REDIS_URL is set, and says so where it is not', async (t) => {
  const { file, user } = open(t);
  const redis = await startRedis(t);
  const settings = { USERS_FILE: file, REDIS_URL: redis.url, REDIS_PREFIX: 'removed' };
  const set = (name: string) => user(['set', name], `${name}-password`);
  for (const name of ['ann', 'bob', 'eve']) await set(name);
  const { app } = await build(t, settings);
  const login = async (username: string) => {
    const payload = { username, password: `${username}-password` };
    return cookieToken(await app.inject({ method: 'POST', url: '/login', payload }));
  };
  const tokens = [await login('ann'), await login('ann'), await login('bob'), await login('eve')];
  const statuses = () =>
    Promise.all(
      tokens.map(async (token) => (await app.inject({ url: '/session', headers: withCookie(token) })).statusCode),
    );

  const removed = await user(['remove', 'ann'], '', settings);
  t.match(removed, { code: 0, stdout: "ann can't log in any more; 2 live sessions have ended.\n" });
  await until(async () => (await statuses()).join() === '401,401,200,200');
  t.match(await user(['remove', 'bob']), { code: 0, stdout: /go on until they expire: with REDIS_URL set/ });
  t.same(await statuses(), [401, 401, 200, 200]);
  const away = await user(['remove', 'eve'], '', { ...settings, REDIS_URL: 'redis://name:hush@127.0.0.1:1' });
  t.match(away, {
    code: 1,
    stderr: /eve can't log in any more, but sessions go on .*DELETE \/v1\/users\/eve\/sessions/,
  });
  t.notMatch(away.stderr, /hush/);
});

t.test('a bcrypt hash is named as what it is', async (t) => {
  const { file, user } = open(t);
  await writeFile(file, 'ann:$2b$12$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW\n');
  t.match(await user(['list']), { code: 1, stderr: /line 1: a bcrypt hash; expected argon2id or scrypt/ });
});

t.test('--help says what there is', async (t) => {
  const { user } = open(t);
  t.match(await user(['--help'], '', {}), { code: 0, stdout: /user -- set <name>/, stderr: '' });
});

t.test('a file that is missing, broken or not named is said', async (t) => {
  const { file, user } = open(t);
  t.match(await user(['set', 'ann'], 'pw of eight', {}), { code: 1, stderr: /Set USERS_FILE/ });
  t.match(await user(['list']), { code: 1, stderr: /users can't be read \(ENOENT\)/ });
  t.match(await user(['set', 'ann'], 'pw of eight', { USERS_FILE: join(file, 'no', 'folder') }), {
    code: 1,
    stderr: /ENOENT/,
  });
  await writeFile(file, 'hush\n');
  const broken = await user(['set', 'ann'], 'pw of eight');
  t.match(broken, { code: 1, stderr: /line 1/ });
  t.notMatch(broken.stderr, /hush/);
  t.equal(await readFile(file, 'utf8'), 'hush\n', 'and it is left as it is');
});
