import type { FastifyInstance } from 'fastify';
import t from 'tap';
import { build, cookieToken, SECRET, withCookie } from '../../support/build.ts';
import { sumOf } from '../../support/metrics.ts';
import { startRedis } from '../../support/redis.ts';
import { until } from '../../support/until.ts';
import { passwordOf, usersFile } from '../../support/users.ts';
import { redisWorld, type World, worlds } from '../../support/worlds.ts';

const inEveryWorld = await worlds(t);

/** The number of live sessions that each pod reports. */
async function active({ pods }: World): Promise<number[]> {
  const bodies = await Promise.all(pods.map((pod) => pod.inject('/metrics')));
  return bodies.map(({ body }) => Number(/^session_active_total (\S+)$/m.exec(body)?.[1]));
}

inEveryWorld('metrics have the names and labels of the contract', async (t, world) => {
  const { call, login, pods, elapse } = world;
  const visitor = await call('POST', '/session');
  const first = await login('ann', { token: visitor.cookies[0]?.value as string });
  const second = await login('ann');
  const third = await login('ann');
  await login('bob');
  await call('POST', '/login', { payload: { username: 'ann', password: 'no' } });
  await call('POST', '/logout', { token: third.token });
  await call('DELETE', `/sessions/${first.sessionId}`, { token: second.token });
  await call('GET', '/session', { token: first.token });
  await call('GET', '/session', { token: 'forged' });
  await call('GET', '/verify', { token: second.token });
  await elapse(61_000);
  await call('GET', '/verify', { token: second.token });

  t.match(await sumOf(world.pods, 'session_created_total'), { '{kind="anonymous"}': 1, '{kind="login"}': 4 });
  const revoked = { '{reason="login"}': 1, '{reason="logout"}': 1, '{reason="user"}': 1 };
  t.same(await sumOf(world.pods, 'session_revoked_total'), revoked);
  t.match(await sumOf(world.pods, 'login_total'), { '{result="success"}': 4, '{result="invalid_credentials"}': 1 });
  const verified = await sumOf(world.pods, 'session_verify_total');
  t.equal(verified[`{result="valid",source="${world.name}"}`], 4);
  t.equal(verified[`{result="absent",source="${world.name}"}`], 1);
  t.equal(verified['{result="forged",source="none"}'], 1);
  t.match(await sumOf(world.pods, 'session_touch_total'), { '{result="written"}': 1, '{result="skipped"}': 3 });
  t.same(await sumOf(world.pods, 'session_expired_total'), { '': 0 });
  t.same(await active(world), world.name === 'redis' ? [2, 2] : [2]);

  const response = await (pods[0] as (typeof pods)[number]).inject('/metrics');
  t.match(response.headers['content-type'], /^text\/plain/);
  t.match(response.body, /^http_request_duration_seconds_count\{/m);
  t.match(response.body, /^store_breaker_state 0$/m, 'with every store');
  t.match(response.body, /^near_cache_entries \d+$/m);
  if (world.name === 'redis') {
    const commands = Object.keys(await sumOf(world.pods, 'store_command_seconds_count'));
    for (const command of ['mget', 'create', 'touch', 'revoke']) t.ok(commands.includes(`{command="${command}"}`));
  }
});

inEveryWorld(
  'evictions are counted',
  async (t, world) => {
    await world.login('ann');
    await world.login('ann');
    t.same(await sumOf(world.pods, 'session_revoked_total'), { '{reason="evicted"}': 1 });
    t.same(await active(world), world.name === 'redis' ? [1, 1] : [1]);
  },
  { MAX_SESSIONS_PER_USER: '1' },
);

t.test('during a rotation, verifications are counted by the key of the ring that verified the token', async (t) => {
  const redis = await startRedis(t);
  const env = { REDIS_URL: redis.url, REDIS_PREFIX: 'rotation', USERS_FILE: usersFile(t, ['ann']) };
  const before = await build(t, { ...env, SESSION_SECRETS: SECRET });
  const { app } = await build(t, { ...env, SESSION_SECRETS: `${SECRET}-new,${SECRET}` });
  const logIn = async (pod: FastifyInstance) => {
    const payload = { username: 'ann', password: passwordOf('ann') };
    return cookieToken(await pod.inject({ method: 'POST', url: '/login', payload }));
  };
  const verify = async (token: string, status = 200) =>
    t.equal((await app.inject({ url: '/verify', headers: withCookie(token) })).statusCode, status);
  const counts = () => sumOf([app], 'session_token_key_total');
  t.same(await counts(), { '{key="0"}': 0, '{key="1"}': 0 }, 'every key has a series from the start');

  const old = await logIn(before.app);
  for (let i = 0; i < 5; i += 1) await verify(old);
  t.same(await counts(), { '{key="0"}': 0, '{key="1"}': 5 }, 'read from Redis once, from the near cache afterwards');
  const current = await logIn(app);
  for (let i = 0; i < 3; i += 1) await verify(current);
  t.same(await counts(), { '{key="0"}': 3, '{key="1"}': 5 });

  await app
    .inject({ method: 'POST', url: '/session/renew', headers: withCookie(old) })
    .then(cookieToken)
    .then(verify);
  t.same(
    await counts(),
    { '{key="0"}': 4, '{key="1"}': 6 },
    'a renewal verifies the old token and moves the session to the first key',
  );
  await app.inject({ method: 'POST', url: '/logout', headers: withCookie(current) });
  await verify(current, 401);
  await verify('forged', 401);
  t.same(await counts(), { '{key="0"}': 4, '{key="1"}': 6 }, 'only live sessions count');
});

t.test('expiry is seen by every pod within 2 s and counted once over all', async (t) => {
  const env = { SESSION_IDLE_SECONDS: '1', LOGIN_RATE_MAX: '1000', USERS_FILE: usersFile(t, ['ann']) };
  const world = await redisWorld(t, await startRedis(t), 'm', env);
  let lastEnd = 0;
  for (let i = 0; i < 10; i += 1) {
    await world.call('POST', '/session');
    lastEnd = (await world.login('ann')).response.json().expiresAt;
  }
  t.same(await active(world), [20, 20]);
  await until(async () => Date.now() > lastEnd);
  await until(async () => (await active(world)).every((count) => count === 0), 2000);
  t.comment(`seen ${Date.now() - lastEnd} ms after the last expiry`);
  t.same(await sumOf(world.pods, 'session_expired_total'), { '': 20 });
  await until(() => Date.now() > lastEnd + 2500);
  t.same(await sumOf(world.pods, 'session_expired_total'), { '': 20 }, 'no pod counts one twice');
});

t.test('with METRICS_TOKEN, /metrics requires it as bearer token', async (t) => {
  const token = 'a-metrics-token-of-some-length';
  const { app } = await build(t, { METRICS_TOKEN: token });
  const ask = (headers: Record<string, string>, url = '/metrics') => app.inject({ url, headers });
  for (const authorization of ['', 'Bearer wrong', 'Bearer ', `Bearer ${SECRET}`, token, `Basic ${token}`]) {
    const response = await ask({ authorization });
    t.match(response.json(), { statusCode: 401, code: 'METRICS_TOKEN_REQUIRED', error: 'Unauthorized' }, authorization);
    t.notOk(response.body.includes(token));
  }
  t.equal((await ask({})).statusCode, 401);
  t.equal((await ask(withCookie(token), `/metrics?token=${token}`)).statusCode, 401);
  t.equal((await ask({ authorization: `Bearer ${token}` })).statusCode, 200);
});
