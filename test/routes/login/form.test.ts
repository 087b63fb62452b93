import t from 'tap';
import { freePort } from '../../support/redis.ts';
import { worlds } from '../../support/worlds.ts';

const inEveryWorld = await worlds(t);
const form = { username: 'ann', password: 'ann-password' };

inEveryWorld('a login form is taken as it should be or not at all', async (t, { call }) => {
  const forms: object[] = [
    {},
    { username: 'ann' },
    { ...form, username: '' },
    { ...form, username: 'x'.repeat(257) },
    { ...form, password: '' },
    { ...form, password: 'x'.repeat(1025) },
    { ...form, username: 1 },
    { ...form, username: ['ann'] },
    { ...form, username: { $ne: null } },
    { ...form, password: null },
    { ...form, password: true },
    { ...form, remember: 'yes' },
    { ...form, remember: 1 },
    { ...form, metadata: 'x' },
    { ...form, metadata: null },
    { ...form, metadata: [] },
    { ...form, userId: 'bob' },
    { ...form, ttl: 1e9 },
  ];
  for (const payload of forms) {
    const answer = await call('POST', '/login', { payload });
    t.match(answer.json(), { statusCode: 400, code: 'FST_ERR_VALIDATION' }, JSON.stringify(payload).slice(0, 60));
    t.notMatch(answer.body, /ann-password/);
    t.notOk(answer.headers['set-cookie']);
  }
});

inEveryWorld('strange names and passwords are wrong credentials, no more', async (t, { call }) => {
  const texts = [
    '\u0000',
    'ann\u0000',
    '\ud800',
    'ann\udc00',
    ' ann',
    'ANN',
    '__proto__',
    'constructor',
    '../users',
    '🎉',
  ];
  for (const text of texts) {
    for (const payload of [
      { username: text, password: 'ann-password' },
      { username: 'ann', password: text },
    ]) {
      const answer = await call('POST', '/login', { payload });
      t.match(answer.json(), { statusCode: 401, code: 'INVALID_CREDENTIALS' }, JSON.stringify(payload));
    }
  }
});

inEveryWorld(
  'where credentials can not be checked nobody is let in, and nobody is turned away',
  async (t, { call, status }) => {
    const token = (await call('POST', '/session')).cookies[0]?.value as string;
    const answer = await call('POST', '/login', { token, payload: form });
    t.match(answer.json(), { statusCode: 503, code: 'CREDENTIALS_UNAVAILABLE', error: 'Service Unavailable' });
    t.match(answer.headers['retry-after'], /^[1-9][0-9]*$/);
    t.notOk(answer.headers['set-cookie']);
    t.equal(await status(token), 200);
  },
  { USERS_FILE: '', CREDENTIALS_URL: `http://127.0.0.1:${await freePort()}/check` },
);
