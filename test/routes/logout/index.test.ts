import t from 'tap';
import { worlds } from '../../support/worlds.ts';

const inEveryWorld = await worlds(t);

inEveryWorld('a logout ends the session on every pod and clears the browser', async (t, { call, login, status }) => {
  const { token } = await login('ann');
  const other = await login('ann');
  const answer = await call('POST', '/logout', { token });
  t.equal(answer.statusCode, 204);
  t.equal(answer.body, '');
  t.match(answer.headers['set-cookie'], /^__Host-sid=; Max-Age=0; Path=\/; .*HttpOnly; Secure; SameSite=Strict$/);
  t.equal(answer.headers['clear-site-data'], '"cookies", "storage"');
  t.equal(answer.headers['cache-control'], 'no-store');
  t.equal(await status(token), 401);
  t.equal(await status(other.token), 200, 'other devices stay logged in');
});

inEveryWorld('a logout without a session is a logout too', async (t, { call, login }) => {
  const { token } = await login('ann');
  for (const headers of [
    {},
    { cookie: '__Host-sid=invented' },
    { cookie: `__Host-sid=${token}` },
    { cookie: `__Host-sid=${token}` },
    { authorization: `Bearer ${token}` },
  ]) {
    const answer = await call('POST', '/logout', { headers });
    t.equal(answer.statusCode, 204);
    t.match(answer.headers['set-cookie'], /^__Host-sid=;/);
  }
});

inEveryWorld('a bearer token is logged out as a cookie is', async (t, { call, login, status }) => {
  const { token } = await login('ann');
  t.equal((await call('POST', '/logout', { headers: { authorization: `Bearer ${token}` } })).statusCode, 204);
  t.equal(await status(token), 401);
});

inEveryWorld('many logouts at once are one', async (t, { call, login, status, lines }) => {
  const { token } = await login('ann');
  const answers = await Promise.all(Array.from({ length: 10 }, () => call('POST', '/logout', { token })));
  t.ok(answers.every(({ statusCode }) => statusCode === 204));
  t.equal(await status(token), 401);
  t.equal(lines().filter((line) => line.includes('"session revoked"')).length, 1);
});

inEveryWorld('the cookie is no way to log somebody out from another site', async (t, { call, login, status }) => {
  const { token } = await login('ann');
  const answer = await call('POST', '/logout', { token, headers: { 'sec-fetch-site': 'cross-site' } });
  t.equal(answer.statusCode, 403);
  t.notOk(answer.headers['set-cookie']);
  t.notOk(answer.headers['clear-site-data']);
  t.equal(await status(token), 200);
});
