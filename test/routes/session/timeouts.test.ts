import t from 'tap';
import { cookieToken } from '../../support/build.ts';
import { worlds } from '../../support/worlds.ts';

const inEveryWorld = await worlds(t);
const SECOND = 1000;
const DAY = 86_400 * SECOND;

inEveryWorld('a session that nobody uses ends at the idle timeout', async (t, { login, status, elapse }) => {
  const [unseen, seen] = [await login('ann'), await login('ann')];
  await elapse(1790 * SECOND);
  t.equal(await status(seen.token), 200, 'short of it');
  await elapse(11 * SECOND);
  t.equal(await status(unseen.token), 401, 'past it');
  t.equal(await status(seen.token), 200, 'activity has moved it');
});

inEveryWorld('a remembered session ends at timeouts of its own', async (t, { login, call, status, elapse }) => {
  const remembered = await login('ann', { form: { remember: true } });
  const { createdAt, expiresAt, absoluteExpiresAt } = remembered.response.json();
  t.same([expiresAt - createdAt, absoluteExpiresAt - createdAt], [14 * DAY, 30 * DAY]);
  t.match(remembered.response.headers['set-cookie'], /; Max-Age=2592000;/);
  const plain = await login('ann');
  await elapse(13 * DAY);
  t.same([await status(remembered.token), await status(plain.token)], [200, 401]);
  const renewed = cookieToken(await call('POST', '/session/renew', { token: remembered.token }));
  await elapse(13 * DAY);
  t.equal(await status(renewed), 200, 'activity and renewals move the idle timeout');
  await elapse(4.1 * DAY);
  t.equal(await status(renewed), 401, 'and not the absolute one');
  const again = await login('ann', { form: { remember: true } });
  await elapse(14.1 * DAY);
  t.equal(await status(again.token), 401);
});

inEveryWorld(
  'a remembered session never ends before others',
  async (t, { login }) => {
    const { createdAt, expiresAt, absoluteExpiresAt } = (
      await login('ann', { form: { remember: true } })
    ).response.json();
    t.same([expiresAt - createdAt, absoluteExpiresAt - createdAt], [20 * DAY, 40 * DAY]);
  },
  { SESSION_IDLE_SECONDS: `${20 * 86_400}`, SESSION_ABSOLUTE_SECONDS: `${40 * 86_400}` },
);

inEveryWorld('an absence that is proven clears the cookie', async (t, { call, login, elapse }) => {
  const { token } = await login('ann');
  await elapse(1801 * SECOND);
  const cleared = await call('GET', '/session', { token });
  t.match(
    cleared.headers['set-cookie'],
    /^__Host-sid=; Max-Age=0; Path=\/; Expires=[^;]+; HttpOnly; Secure; SameSite=Strict$/,
  );
  const bearer = await call('GET', '/session', { headers: { authorization: `Bearer ${token}` } });
  t.equal(bearer.statusCode, 401);
  t.notOk(bearer.headers['set-cookie'], 'there is no cookie to clear');
});

inEveryWorld(
  'no activity moves the absolute timeout',
  async (t, { call, login, status, elapse }) => {
    const { token } = await login('ann');
    for (let minutes = 0; minutes < 100; minutes += 20) {
      const { expiresAt, absoluteExpiresAt } = (await call('GET', '/session', { token })).json();
      t.ok(expiresAt <= absoluteExpiresAt);
      await elapse(19.9 * 60 * SECOND);
    }
    t.equal(await status(token), 200, 'short of it');
    await elapse(60 * SECOND);
    t.equal(await status(token), 401, 'past it');
  },
  { SESSION_ABSOLUTE_SECONDS: '6000' },
);

inEveryWorld(
  'no renewal moves the absolute timeout',
  async (t, { call, login, status, elapse }) => {
    let { token } = await login('ann');
    for (let minutes = 0; minutes < 100; minutes += 20) {
      const renewed = await call('POST', '/session/renew', { token });
      token = cookieToken(renewed);
      const { expiresAt, absoluteExpiresAt } = renewed.json();
      t.ok(expiresAt <= absoluteExpiresAt);
      t.equal(renewed.headers['x-session-expire'], new Date(expiresAt).toISOString());
      await elapse(19.9 * 60 * SECOND);
    }
    const last = await call('POST', '/session/renew', { token });
    t.equal(last.json().expiresAt, last.json().absoluteExpiresAt, 'no more is promised');
    await elapse(60 * SECOND);
    t.equal(await status(cookieToken(last)), 401, 'past it');
    t.equal((await call('POST', '/session/renew', { token: cookieToken(last) })).statusCode, 401);
  },
  { SESSION_ABSOLUTE_SECONDS: '6000' },
);

for (const [method, url] of [
  ['POST', '/session/heartbeat'],
  ['GET', '/verify'],
  ['GET', '/session'],
  ['POST', '/session'],
  ['GET', '/sessions'],
] as const) {
  inEveryWorld(`${method} ${url} counts as activity`, async (t, { call, login, status, elapse }) => {
    const { token } = await login('ann');
    for (let i = 0; i < 3; i += 1) {
      await elapse(1500 * SECOND);
      const answer = await call(method, url, { token });
      t.ok(answer.statusCode < 300);
      t.ok(answer.headers['x-session-expire']);
      t.equal(answer.headers['cache-control'], 'no-store');
      t.notOk(answer.headers['set-cookie']);
    }
    t.equal(await status(token), 200);
  });
}

inEveryWorld('a session seen often is written once per touch interval', async (t, { call, login, elapse }) => {
  const { token } = await login('ann');
  const lastSeen = async () => {
    const { lastSeenAt, expiresAt } = (await call('GET', '/session', { token })).json();
    t.equal(expiresAt, lastSeenAt + 1800 * SECOND, 'no more is promised than is held');
    return lastSeenAt;
  };
  const first = await lastSeen();
  t.equal(await lastSeen(), first, 'not written at once');
  await elapse(61 * SECOND);
  const second = await lastSeen();
  t.not(second, first, 'written after the interval');
  t.equal(await lastSeen(), second, 'and not again');
});

inEveryWorld(
  'the touch interval is never more than a tenth of the idle timeout',
  async (t, { call, login, elapse }) => {
    const { token, response } = await login('ann');
    await elapse(9 * SECOND);
    const early = (await call('GET', '/session', { token })).json();
    t.equal(early.lastSeenAt - early.createdAt, 0);
    await elapse(2 * SECOND);
    const late = (await call('GET', '/session', { token })).json();
    t.ok(late.lastSeenAt - late.createdAt >= 11 * SECOND);
    t.ok(response.statusCode === 200);
  },
  { SESSION_IDLE_SECONDS: '100', SESSION_TOUCH_SECONDS: '60' },
);
