import t from 'tap';
import { worlds } from '../../support/worlds.ts';

const inEveryWorld = await worlds(t);
const settings = (SESSION_LIMIT_POLICY: string) => ({ SESSION_LIMIT_POLICY, MAX_SESSIONS_PER_USER: '2' });

inEveryWorld(
  'at the limit a login is refused under reject, and nothing changes',
  async (t, { call, login, status }) => {
    const [first, second] = [await login('ann'), await login('ann')];
    const payload = { username: 'ann', password: 'ann-password' };
    const refused = await call('POST', '/login', { payload });
    t.match(refused.json(), { statusCode: 409, code: 'SESSION_LIMIT_REACHED', error: 'Conflict' });
    t.notOk(refused.headers['set-cookie']);
    for (const { token } of [first, second]) t.equal(await status(token), 200);
    await t.resolves(login('bob'), 'another user is not concerned');
    await t.resolves(login('ann', { token: first.token }), 'nor is a login that takes a session’s place');
    const visitor = (await call('POST', '/session')).cookies[0]?.value as string;
    t.equal((await call('POST', '/login', { token: visitor, payload })).statusCode, 409);
    t.equal(await status(visitor), 200, 'the visitor’s session is there still');
  },
  settings('reject'),
);

for (const [policy, goes] of [
  ['evict-oldest', 0],
  ['evict-least-recent', 1],
] as const) {
  inEveryWorld(
    `at the limit one session goes under ${policy}`,
    async (t, { call, login, status, elapse }) => {
      const first = await login('ann');
      await elapse(120_000);
      const second = await login('ann');
      await elapse(120_000);
      await call('GET', '/session', { token: first.token });
      const third = await login('ann');
      const living = await Promise.all([first, second, third].map(({ token }) => status(token)));
      const expected = [200, 200, 200].with(goes, 401);
      t.same(living, expected, 'the oldest, or the one unseen for longest');
    },
    settings(policy),
  );
}

inEveryWorld(
  'logins at the same moment never exceed the limit',
  async (t, { call, login }) => {
    await Promise.allSettled(Array.from({ length: 20 }, () => login('ann')));
    const { token } = await login('ann');
    t.match((await call('GET', '/sessions', { token })).json().sessions, { length: 2 });
  },
  settings('evict-oldest'),
);
