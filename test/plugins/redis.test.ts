import t, { type Test } from 'tap';
import { build } from '../support/build.ts';
import { freePort, startRedis } from '../support/redis.ts';
import { form, sessionRoutes } from '../support/session-routes.ts';
import { worthless } from '../support/tokens.ts';
import { until } from '../support/until.ts';
import { usersFile } from '../support/users.ts';
import { redisWorld } from '../support/worlds.ts';

const STORE_UNAVAILABLE = { statusCode: 503, code: 'STORE_UNAVAILABLE', error: 'Service Unavailable' };

/** Two pods with one session, on a Redis that can be frozen; the deadline is as it is. */
async function frozen(t: Test, env: Record<string, string> = {}) {
  const redis = await startRedis(t);
  const settings = {
    LOGIN_RATE_MAX: '100000',
    LOGIN_RATE_MAX_PER_ADDRESS: '100000',
    USERS_FILE: usersFile(t, ['ann']),
    ...env,
  };
  const world = await redisWorld(t, redis, 'f', settings, { deadlineMs: undefined });
  // A busy machine may be late before anything is frozen.
  let token = '';
  await until(async () => {
    token = await world.login('ann').then(
      ({ token }) => token,
      () => '',
    );
    return token !== '';
  });
  return {
    ...world,
    token,
    freeze: () => redis.process.kill('SIGSTOP'),
    thaw: () => redis.process.kill('SIGCONT'),
  };
}

t.test('while Redis is frozen every route that needs it says so soon, and leaves the cookie', async (t) => {
  const { call, token, freeze, thaw, pods } = await frozen(t);
  for (const pod of pods) await pod.listen({ host: '127.0.0.1', port: 0 });
  freeze();

  let slowest = 0;
  for (const [method, url, payload] of sessionRoutes) {
    for (const credentials of [{ token }, { headers: { authorization: `Bearer ${token}` } }]) {
      const start = performance.now();
      const answer = await call(method, url, { ...credentials, ...(payload ? { payload } : {}) });
      slowest = Math.max(slowest, performance.now() - start);
      t.match(answer.json(), STORE_UNAVAILABLE, `${method} ${url}`);
      t.match(answer.headers['retry-after'], /^[1-9][0-9]*$/);
      t.notOk(answer.headers['set-cookie']);
    }
  }
  t.comment(`the slowest answer took ${Math.round(slowest)} ms`);
  t.ok(slowest < 800);

  t.match((await call('POST', '/session')).json(), STORE_UNAVAILABLE, 'nothing is started');
  t.match((await call('POST', '/login', { payload: form })).json(), STORE_UNAVAILABLE, 'nobody is logged in');
  for (const [name, forged] of Object.entries(worthless(token))) {
    t.equal((await call('GET', '/session', { token: forged })).statusCode, 401, name);
  }
  t.equal((await call('GET', '/verify')).statusCode, 401, 'no token needs no store');
  t.equal((await call('GET', '/hello')).statusCode, 200);
  t.equal((await call('GET', '/healthz')).statusCode, 200);
  const ready = await call('GET', '/readyz');
  t.equal(ready.statusCode, 503);
  t.same(ready.json(), { status: 'not ready', reasons: ['the session store does not answer'] });
  t.match((await call('GET', '/metrics')).body, /^session_active_total NaN$/im);

  thaw();
  for (const pod of pods) await until(async () => (await pod.inject('/readyz')).statusCode === 200);
  const said = new Set<number>();
  for (const _pod of pods) {
    await until(async () => {
      const { statusCode } = await call('GET', '/session', { token });
      said.add(statusCode);
      return statusCode === 200;
    });
  }
  t.notOk(said.has(401), 'nobody is told that the session is absent');
});

t.test('many callers at once are answered as soon as one', async (t) => {
  const { call, token, freeze, thaw } = await frozen(t);
  freeze();
  const start = performance.now();
  const answers = await Promise.all(Array.from({ length: 200 }, () => call('GET', '/verify', { token })));
  const took = performance.now() - start;
  t.ok(answers.every(({ statusCode }) => statusCode === 503));
  t.comment(`200 answers took ${Math.round(took)} ms`);
  t.ok(took < 1500);
  thaw();
});

t.test('while Redis is frozen attempts to log in are counted per pod, and a line says so', async (t) => {
  const { call, freeze, thaw, lines } = await frozen(t, { LOGIN_RATE_MAX_PER_ADDRESS: '3' });
  const attempt = async (username: string) =>
    (await call('POST', '/login', { payload: { username, password: 'no' } })).statusCode;
  freeze();
  const codes = [];
  for (let i = 0; i < 8; i += 1) codes.push(await attempt(`user ${i}`));
  t.same(codes, [401, 401, 401, 401, 401, 401, 429, 429], 'three on each of two pods');
  t.equal(lines().filter((line) => line.includes('limits are counted per pod')).length, 2, 'said once by each');
  thaw();
  await until(async () => {
    await attempt('another');
    return lines().filter((line) => line.includes('counted in Redis over all pods again')).length === 2;
  });
});

t.test('a pod boots while Redis is away, and becomes ready by itself', async (t) => {
  const port = await freePort();
  const { app, log } = await build(t, { REDIS_URL: `redis://127.0.0.1:${port}`, USERS_FILE: usersFile(t, ['ann']) });
  await app.listen({ host: '127.0.0.1', port: 0 });
  t.equal((await app.inject('/healthz')).statusCode, 200);
  t.equal((await app.inject('/readyz')).statusCode, 503);
  t.match((await app.inject({ method: 'POST', url: '/login', payload: form })).json(), STORE_UNAVAILABLE);
  t.ok(log.some((line) => line.includes('"level":"warn"') && line.includes('REDIS_URL')));

  await startRedis(t, [], port);
  await until(async () => (await app.inject('/readyz')).statusCode === 200);
  t.equal((await app.inject({ method: 'POST', url: '/login', payload: form })).statusCode, 200);
});
