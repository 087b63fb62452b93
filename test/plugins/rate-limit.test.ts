import t from 'tap';
import { build } from '../support/build.ts';
import { until } from '../support/until.ts';
import { worlds } from '../support/worlds.ts';

const inEveryWorld = await worlds(t);
const RATE_LIMITED = { statusCode: 429, code: 'RATE_LIMITED', error: 'Too Many Requests', message: String };
const wrong = { username: 'ann', password: 'no' };

/** A burst would be counted per pod where the machine is too busy for Redis to count it in time. */
async function oneByOne<T>(times: number, request: (i: number) => Promise<T>): Promise<T[]> {
  const answers: T[] = [];
  for (let i = 0; i < times; i += 1) answers.push(await request(i));
  return answers;
}

inEveryWorld(
  'one address has so many attempts to log in over all pods, whoever it tries to be',
  async (t, { call, login }) => {
    for (let i = 0; i < 6; i += 1) {
      t.equal((await call('POST', '/login', { payload: { ...wrong, username: `user ${i}` } })).statusCode, 401);
    }
    for (const payload of [wrong, { username: 'bob', password: 'bob-password' }]) {
      const answer = await call('POST', '/login', { payload });
      t.match(answer.json(), RATE_LIMITED);
      const retryAfter = Number(answer.headers['retry-after']);
      t.ok(retryAfter >= 1 && retryAfter <= 60, `${retryAfter}`);
      t.notOk(answer.headers['set-cookie']);
    }
    t.equal(
      (await login('ann', { remoteAddress: '10.0.0.2' })).response.statusCode,
      200,
      'another address has its own',
    );
  },
  { LOGIN_RATE_MAX_PER_ADDRESS: '6' },
);

inEveryWorld(
  'one username has so many attempts, wherever they come from',
  async (t, { call, login }) => {
    for (let i = 0; i < 6; i += 1) {
      t.equal((await call('POST', '/login', { payload: wrong, remoteAddress: `10.0.0.${i}` })).statusCode, 401);
    }
    const right = { username: 'ann', password: 'ann-password' };
    for (let i = 6; i < 9; i += 1) {
      t.match((await call('POST', '/login', { payload: right, remoteAddress: `10.0.0.${i}` })).json(), RATE_LIMITED);
    }
    t.equal((await login('bob', { remoteAddress: '10.0.0.10' })).response.statusCode, 200);
  },
  { LOGIN_RATE_MAX: '6' },
);

inEveryWorld(
  'the addresses of one IPv6 network count as one',
  async (t, { call }) => {
    const attempt = async (remoteAddress: string, username: string) =>
      (await call('POST', '/login', { remoteAddress, payload: { username, password: 'no' } })).statusCode;
    t.same([await attempt('2001:db8::1', 'a'), await attempt('2001:db8::2', 'b')], [401, 401]);
    t.same([await attempt('2001:db8::3', 'c'), await attempt('2001:db8:0:1::1', 'd')], [429, 401]);
  },
  { LOGIN_RATE_MAX_PER_ADDRESS: '2' },
);

inEveryWorld(
  'no header makes a caller another address where no proxy is trusted',
  async (t, { call }) => {
    const codes = [];
    for (let i = 0; i < 3; i += 1) {
      const headers = { 'x-forwarded-for': `10.1.0.${i}`, forwarded: `for=10.1.0.${i}`, 'x-real-ip': `10.1.0.${i}` };
      codes.push((await call('POST', '/login', { headers, payload: { ...wrong, username: `${i}` } })).statusCode);
    }
    t.same(codes, [401, 401, 429]);
  },
  { LOGIN_RATE_MAX_PER_ADDRESS: '2' },
);

inEveryWorld(
  'logins that succeed do not count, and neither do those refused by the limit',
  async (t, { call, login }) => {
    for (let i = 0; i < 9; i += 1) await login('ann');
    const attempt = async () => (await call('POST', '/login', { payload: wrong })).statusCode;
    t.same([await attempt(), await attempt()], [401, 401]);
    t.equal((await login('ann')).response.statusCode, 200, 'a success between failures');
    t.same(await oneByOne(5, attempt), [401, 429, 429, 429, 429]);
    const right = { payload: { username: 'ann', password: 'ann-password' } };
    t.equal((await call('POST', '/login', right)).statusCode, 429, 'the limit holds for the right password too');
    t.equal((await login('bob')).response.statusCode, 200);
  },
  { LOGIN_RATE_MAX: '3' },
);

inEveryWorld(
  'of parallel wrong guesses no more are checked than the limit allows, and the right one is not locked out by them',
  async (t, { call }) => {
    const answers = await Promise.all(Array.from({ length: 40 }, () => call('POST', '/login', { payload: wrong })));
    const codes = answers.map(({ statusCode }) => statusCode);
    t.same([codes.filter((code) => code === 401).length, codes.filter((code) => code === 429).length], [5, 35]);
  },
  { LOGIN_RATE_MAX: '5' },
);

inEveryWorld(
  'parallel logins with the right password use up no attempts',
  async (t, { call, login }) => {
    const payload = { username: 'ann', password: 'ann-password' };
    const answers = await Promise.all(Array.from({ length: 20 }, () => call('POST', '/login', { payload })));
    t.ok(answers.some(({ statusCode }) => statusCode === 200));
    await until(async () => (await call('POST', '/login', { payload })).statusCode === 200);
    t.equal((await login('ann')).response.statusCode, 200, 'those refused meanwhile do not count');
    const codes = await oneByOne(4, async () => (await call('POST', '/login', { payload: wrong })).statusCode);
    t.same(codes, [401, 401, 401, 429]);
  },
  { LOGIN_RATE_MAX: '3' },
);

inEveryWorld(
  'a form that is not valid costs no attempt',
  async (t, { call, login }) => {
    for (let i = 0; i < 5; i += 1) await call('POST', '/login', { payload: { username: 'ann' } });
    t.equal((await login('ann')).response.statusCode, 200);
  },
  { LOGIN_RATE_MAX: '2' },
);

inEveryWorld('anonymous sessions can not be started without end; a live one is not limited', async (t, { call }) => {
  const answers = await oneByOne(70, () => call('POST', '/session'));
  t.equal(answers.filter(({ statusCode }) => statusCode === 201).length, 60);
  const refused = answers.filter(({ statusCode }) => statusCode === 429);
  t.equal(refused.length, 10);
  t.match(refused[0]?.json(), RATE_LIMITED);
  t.ok(refused[0]?.headers['retry-after']);
  t.notOk(refused[0]?.headers['set-cookie']);
  const token = answers.find(({ statusCode }) => statusCode === 201)?.cookies[0]?.value as string;
  t.equal((await call('POST', '/session', { token })).statusCode, 200);
  t.equal((await call('POST', '/session', { remoteAddress: '10.0.0.2' })).statusCode, 201);
});

inEveryWorld('who asks for what does not exist is slowed down', async (t, { call }) => {
  const answers = await oneByOne(130, (i) => call('GET', `/wp-admin/${i}`));
  t.equal(answers.filter(({ statusCode }) => statusCode === 404).length, 120);
  t.match(answers.find(({ statusCode }) => statusCode === 429)?.json(), RATE_LIMITED);
  t.equal((await call('GET', '/hello')).statusCode, 200, 'what exists is answered');
});

inEveryWorld('to verify and to read is not limited', async (t, { call, login }) => {
  const { token } = await login('ann');
  const answers = await Promise.all(
    Array.from({ length: 200 }, (_, i) => call('GET', i % 2 === 0 ? '/verify' : '/session', { token })),
  );
  t.ok(answers.every(({ statusCode }) => statusCode === 200));
});

t.test('of parallel requests as many pass as the limit allows', async (t) => {
  const { app } = await build(t);
  const answers = await Promise.all(Array.from({ length: 70 }, () => app.inject({ method: 'POST', url: '/session' })));
  t.equal(answers.filter(({ statusCode }) => statusCode === 201).length, 60);
});
