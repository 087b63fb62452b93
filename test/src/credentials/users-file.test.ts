import { rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import type { Credentials } from '../../../src/credentials/credentials.ts';
import { hashPassword } from '../../../src/credentials/password.ts';
import {
  createDemoCredentials,
  createNoCredentials,
  createUsersFileCredentials,
} from '../../../src/credentials/users-file.ts';
import { scryptHash } from '../../support/scrypt.ts';

const ANN = `ann:${await hashPassword('ann-password')}`;
const BOB = `bob:${scryptHash('bob-password')}`;

const can = async (credentials: Credentials, username: string, password = `${username}-password`) =>
  (await credentials.check({ username, password, ip: '192.0.2.1', requestId: 'x' }))?.userId === username;

/** Credentials from a file of these lines, and what was said about changes that were not taken. */
async function open(t: Test, ...lines: string[]) {
  const path = join(t.testdir(), 'users');
  const write = (...lines: string[]) => writeFile(path, lines.join('\n'));
  await write(...lines);
  const problems: unknown[] = [];
  const credentials = await createUsersFileCredentials(path, (problem) => problems.push(problem));
  t.teardown(credentials.close);
  return { path, write, problems, credentials };
}

t.test('users with argon2id and scrypt hashes log in with their own passwords', async (t) => {
  const { credentials, path } = await open(t, '# people', ANN, '', BOB, '');
  t.equal(credentials.description, `users of ${path}`);
  t.same(await credentials.check({ username: 'ann', password: 'ann-password', ip: '::1', requestId: 'x' }), {
    userId: 'ann',
    metadata: {},
    claims: {},
  });
  t.ok(await can(credentials, 'bob'));
  for (const [username, password] of [
    ['ann', 'bob-password'],
    ['bob', 'ann-password'],
    ['ANN', 'ann-password'],
    ['ann', ''],
    ['# people', ''],
    ['', 'ann-password'],
    ['carl', 'ann-password'],
    ['__proto__', 'ann-password'],
  ] as const) {
    t.notOk(await can(credentials, username, password), `${username} with ${password}`);
  }
});

t.test('lines may end as on Windows', async (t) => {
  const { credentials } = await open(t, `${ANN}\r`, `${BOB}\r`, '');
  t.ok((await can(credentials, 'ann')) && (await can(credentials, 'bob')));
});

for (const name of ['a:b', 'a:b:c:', 'a#b', 'Änne Müller', '漢字 🎉', "o'neil@example.com", 'n'.repeat(256)]) {
  t.test(`a user may be called ${name.slice(0, 20)}`, async (t) => {
    const { credentials } = await open(t, `${name}:${scryptHash('pw')}`);
    t.ok(await can(credentials, name, 'pw'));
  });
}

const malformed: Record<string, string> = {
  'no colon': 'hush',
  'no name': `:${scryptHash('x')}`,
  'no hash': 'hush:',
  'a password in the clear': 'carl:hush',
  'a cut hash': ANN.slice(0, -30),
  'a name of 257 characters': `${'n'.repeat(257)}:${scryptHash('x')}`,
  'a control character': `hu\tsh:${scryptHash('x')}`,
  'the same user twice': ANN,
};

for (const [what, line] of Object.entries(malformed)) {
  t.test(`a file with ${what} is refused, with the line's number and nothing of it`, async (t) => {
    const error = await open(t, '# people', ANN, line).catch((error) => error);
    t.equal(error.name, 'UsersFileError');
    t.match(error.message, /users, line 3: expected a new username, a colon and a PHC string/);
    t.notMatch(error.message, /hush|argon|scrypt\$|ann/);
  });
}

t.test('a file that is not there is refused at the start', async (t) => {
  const path = join(t.testdir(), 'users');
  const error = await createUsersFileCredentials(path, () => undefined).catch((error) => error);
  t.match(error, { name: 'UsersFileError', message: `${path} can't be read (ENOENT)` });
});

t.test('a changed file is read again', async (t) => {
  const { credentials, path, write, problems } = await open(t, ANN);
  t.notOk(await can(credentials, 'bob'));
  await write(ANN, BOB);
  t.ok(await can(credentials, 'bob'), 'written in place');
  await writeFile(`${path}.new`, BOB);
  await rename(`${path}.new`, path);
  t.notOk(await can(credentials, 'ann'), 'replaced by renaming');
  t.ok(await can(credentials, 'bob'));
  t.same(problems, []);
});

t.test('a change that can not be taken is said, and the users before it stay', async (t) => {
  const { credentials, path, write, problems } = await open(t, ANN);
  await write(BOB, 'hush');
  t.ok(await can(credentials, 'ann'));
  t.notOk(await can(credentials, 'bob'));
  t.match(problems[0], { message: /line 2/ });
  t.equal(problems.length, 1, 'once, not at every login');
  await rm(path);
  t.ok(await can(credentials, 'ann'));
  t.match(problems[1], { code: 'ENOENT' });
  await write(BOB);
  t.ok(await can(credentials, 'bob'), 'and a good one is taken again');
});

t.test('the user demo', async (t) => {
  const credentials = await createDemoCredentials();
  t.teardown(credentials.close);
  t.ok(await can(credentials, 'demo'));
  t.notOk(await can(credentials, 'demo', 'demo'));
  t.notOk(await can(credentials, 'ann', 'demo-password'));
});

t.test('without credentials nobody gets in', async (t) => {
  const credentials = await createNoCredentials();
  t.teardown(credentials.close);
  t.notOk(await can(credentials, 'demo'));
});

for (const [kind, line] of Object.entries({ argon2id: ANN, scrypt: BOB, nobody: '' })) {
  t.test(`${kind}: an unknown user takes the same work as a known one`, async (t) => {
    const { credentials } = await open(t, line);
    const known = line.split(':', 1)[0] as string;
    const times = { known: [] as number[], unknown: [] as number[] };
    for (let round = 0; round < 25; round += 1) {
      for (const [which, username] of [
        ['known', known],
        ['unknown', `nobody-${round}`],
      ] as const) {
        const start = performance.now();
        await credentials.check({ username, password: 'wrong', ip: '::1', requestId: 'x' });
        times[which].push(performance.now() - start);
      }
    }
    const median = (values: number[]) => values.toSorted((a, b) => a - b)[values.length >> 1] as number;
    const ratio = median(times.unknown) / median(times.known);
    t.comment(`median ${median(times.known).toFixed(1)} ms, unknown/known ${ratio.toFixed(2)}`);
    t.ok(ratio > 0.5 && ratio < 2, 'no more than a factor of two apart');
    t.ok(median(times.unknown) > 2, 'and it is work');
  });
}
