import t from 'tap';
import { NAMES, worlds } from '../../support/worlds.ts';

const inEveryWorld = await worlds(t);

inEveryWorld('a live session is said in headers, with an empty body', async (t, { call, login }) => {
  const { token, sessionId, response } = await login('ann');
  const answer = await call('GET', '/verify', { token });
  t.equal(answer.statusCode, 200);
  t.equal(answer.body, '');
  t.equal(answer.headers['x-session-id'], sessionId);
  t.equal(answer.headers['x-session-user'], 'ann');
  t.equal(answer.headers['x-session-expire'], new Date(response.json().expiresAt).toISOString());
  t.equal(answer.headers['cache-control'], 'no-store');
  t.notOk(answer.headers['set-cookie']);
});

inEveryWorld('whatever a user is called, it fits into a header and comes back', async (t, { call, login }) => {
  for (const name of NAMES) {
    const { token } = await login(name);
    const header = (await call('GET', '/verify', { token })).headers['x-session-user'] as string;
    t.match(header, /^[\x21-\x7e]+$/);
    t.equal(decodeURIComponent(header), name);
  }
});

inEveryWorld('an anonymous session is one without a user', async (t, { call }) => {
  const started = await call('POST', '/session');
  const token = started.cookies[0]?.value as string;
  const answer = await call('GET', '/verify', { token });
  t.equal(answer.statusCode, 200);
  t.equal(answer.headers['x-session-id'], started.json().sessionId);
  t.notOk('x-session-user' in answer.headers);
  const aged = await call('GET', '/verify?maxAge=3600', { token });
  t.match(aged.json(), { statusCode: 401, code: 'REAUTHENTICATION_REQUIRED' });
});

inEveryWorld('a login older than maxAge is asked for again, and the cookie stays', async (t, world) => {
  const { call, login, elapse, status } = world;
  const { token } = await login('ann');
  t.equal((await call('GET', '/verify?maxAge=60', { token })).statusCode, 200);
  await elapse(120_000);
  const old = await call('GET', '/verify?maxAge=60', { token });
  t.match(old.json(), { statusCode: 401, code: 'REAUTHENTICATION_REQUIRED', error: 'Unauthorized' });
  t.notOk(old.headers['set-cookie']);
  t.notOk(old.headers['x-session-user']);
  t.equal((await call('GET', '/verify?maxAge=600', { token })).statusCode, 200);
  t.equal(await status(token), 200);
  const again = await login('ann', { token });
  t.equal((await call('GET', '/verify?maxAge=60', { token: again.token })).statusCode, 200);
});

inEveryWorld('a maxAge that is no number of seconds is refused', async (t, { call, login }) => {
  const { token } = await login('ann');
  for (const maxAge of ['x', '-1', '1.5', '1e99', '', 'NaN', '60&maxAge=0']) {
    const answer = await call('GET', `/verify?maxAge=${maxAge}`, { token });
    t.match(answer.json(), { statusCode: 400, code: 'FST_ERR_VALIDATION' }, maxAge);
  }
});

inEveryWorld('a proxy’s own query and no-cache do no harm', async (t, { call, login }) => {
  const { token } = await login('ann');
  t.equal((await call('GET', '/verify?rd=https://app.example/%zz', { token })).statusCode, 200);
  t.equal((await call('GET', '/verify', { token, headers: { 'cache-control': 'no-cache' } })).statusCode, 200);
});
