import t from 'tap';
import { createTokenCodec } from '../../../../src/session/token.ts';
import { cookieToken, SECRET } from '../../../support/build.ts';
import { startRedis } from '../../../support/redis.ts';
import { worthless } from '../../../support/tokens.ts';
import { passwordOf, usersFile } from '../../../support/users.ts';
import { redisWorld, type World, worlds } from '../../../support/worlds.ts';

const inEveryWorld = await worlds(t);
const SECOND = 1000;
const URL = '/session/renew';
const generationOf = (token: string) => Number(token.split('.')[1]);
const renew = async ({ call }: World, token: string) => {
  const response = await call('POST', URL, { token });
  return { response, token: cookieToken(response) };
};

inEveryWorld('a renewal gives the cookie of the next generation to the same session', async (t, world) => {
  const { login, status } = world;
  const { sessionId, response: loggedIn, ...first } = await login('ann');
  let { token } = first;
  for (const generation of [2, 3, 4]) {
    const renewed = await renew(world, token);
    t.equal(renewed.response.statusCode, 200);
    t.equal(renewed.response.json().sessionId, sessionId);
    t.equal(renewed.response.json().absoluteExpiresAt, loggedIn.json().absoluteExpiresAt, 'the absolute end stays');
    t.equal(renewed.response.json().authenticatedAt, loggedIn.json().authenticatedAt, 'it is no login');
    t.equal(renewed.response.json().version, 1, 'and no change of data');
    t.equal(renewed.token, createTokenCodec([SECRET]).issue({ sessionId, generation }));
    t.notOk(renewed.response.body.includes(renewed.token), 'the token is in the cookie alone');
    t.equal(await status(renewed.token), 200);
    token = renewed.token;
  }
});

inEveryWorld('the cookie of a renewal is that of a login', async (t, world) => {
  const { login } = world;
  const { token, response: loggedIn } = await login('ann');
  const { response } = await renew(world, token);
  const attributes = (header: unknown) => String(header).replace(/=[^;]+/, '');
  t.equal(attributes(response.headers['set-cookie']), attributes(loggedIn.headers['set-cookie']));
  t.match(response.headers['set-cookie'], /^__Host-sid=[^;]+; Path=\/; HttpOnly; Secure; SameSite=Strict$/);
  t.ok((response.headers['set-cookie'] as string).length < 192);
  t.equal(response.headers['cache-control'], 'no-store');
  t.equal(response.headers['x-session-expire'], new Date(response.json().expiresAt).toISOString());
});

inEveryWorld('a renewal counts as activity', async (t, world) => {
  const { login, elapse, status } = world;
  let { token } = await login('ann');
  for (let i = 0; i < 3; i += 1) {
    await elapse(1700 * SECOND);
    const renewed = await renew(world, token);
    const { lastSeenAt, expiresAt } = renewed.response.json();
    t.equal(expiresAt, lastSeenAt + 1800 * SECOND);
    token = renewed.token;
  }
  await elapse(1700 * SECOND);
  t.equal(await status(token), 200);
  await elapse(1801 * SECOND);
  t.equal(await status(token), 401);
});

inEveryWorld('a remembered cookie lasts until the absolute end, renewed or not', async (t, world) => {
  const { login, elapse } = world;
  const { token } = await login('ann', { form: { remember: true } });
  await elapse(1000 * SECOND);
  const { response } = await renew(world, token);
  const { maxAge } = response.cookies[0] as { maxAge: number };
  t.ok(maxAge <= 2_591_000 && maxAge > 2_590_980, `${maxAge} s are left`);
  const again = await renew(world, token);
  t.ok(Math.abs((again.response.cookies[0] as { maxAge: number }).maxAge - maxAge) <= 1, 'for all who renew it');
});

inEveryWorld('an anonymous session is renewed too, and stays one', async (t, world) => {
  const { call, status } = world;
  const started = await call('POST', '/session');
  const { response, token } = await renew(world, cookieToken(started));
  t.match(response.json(), { sessionId: started.json().sessionId, userId: null, authenticatedAt: null });
  t.equal(generationOf(token), 2);
  t.equal(await status(token), 200);
});

inEveryWorld('a bearer token is renewed as a cookie is', async (t, { call, login }) => {
  const { token } = await login('ann');
  const response = await call('POST', URL, { headers: { authorization: `Bearer ${token}` } });
  t.equal(response.statusCode, 200);
  t.equal(generationOf(cookieToken(response)), 2);
});

inEveryWorld('what is changed meanwhile is kept', async (t, world) => {
  const { call, login } = world;
  const { token } = await login('ann', { form: { metadata: { a: 1 } } });
  await call('PATCH', '/session', { token, payload: { metadata: { b: 2 } } });
  const renewed = await renew(world, token);
  t.match(renewed.response.json(), { metadata: { a: 1, b: 2 }, version: 2 });
  const patched = await call('PATCH', '/session', { token: renewed.token, payload: { increment: { a: 1 } } });
  t.match(patched.json(), { metadata: { a: 2, b: 2 }, version: 3 });
});

inEveryWorld('without a live session there is nothing to renew', async (t, { call, login, status, elapse }) => {
  const { token } = await login('ann');
  const ended = await login('ann');
  await call('POST', '/logout', { token: ended.token });
  for (const [name, none] of Object.entries({ ...worthless(token), ended: ended.token })) {
    const answer = await call('POST', URL, { token: none });
    t.match(answer.json(), { statusCode: 401, code: 'NO_SESSION' }, name);
    t.match(answer.headers['set-cookie'], /^__Host-sid=; Max-Age=0;/, 'proven: the cookie is cleared');
  }
  const nothing = await call('POST', URL);
  t.match(nothing.json(), { statusCode: 401, code: 'NO_SESSION' });
  t.notOk(nothing.headers['set-cookie']);
  t.equal(await status(token), 200, 'and the session is there still');
  await elapse(1801 * SECOND);
  t.equal((await call('POST', URL, { token })).statusCode, 401, 'expired');
});

inEveryWorld('another site can not renew', async (t, { call, login }) => {
  const { token } = await login('ann');
  const answer = await call('POST', URL, { token, headers: { origin: 'https://evil.example' } });
  t.match(answer.json(), { statusCode: 403, code: 'CROSS_SITE_REQUEST' });
  t.notOk(answer.headers['set-cookie']);
  t.equal(generationOf(cookieToken(await call('POST', URL, { token }))), 2, 'nothing was renewed');
});

t.test('a renewal trades the token of an old secret for one of the new', async (t) => {
  const redis = await startRedis(t);
  const [before, after] = [SECRET, 'the new secret of the ring has 32 characters too'];
  const USERS_FILE = usersFile(t, ['ann']);
  const [old, both, next] = await Promise.all(
    [before, `${after},${before}`, after].map((SESSION_SECRETS) =>
      redisWorld(t, redis, 'x', { SESSION_SECRETS, USERS_FILE }),
    ),
  );
  if (old === undefined || both === undefined || next === undefined) throw new Error('There are three');
  const payload = { username: 'ann', password: passwordOf('ann') };
  const token = cookieToken(await old.call('POST', '/login', { payload }));
  t.equal(await both.status(token), 200, 'the old secret still verifies');
  t.equal(await next.status(token), 401);
  const renewed = (await renew(both, token)).token;
  t.equal(await both.status(renewed), 200);
  t.equal(await next.status(renewed), 200, 'under the new secret alone');
  t.equal(await old.status(renewed), 401, 'and under no other');
});
