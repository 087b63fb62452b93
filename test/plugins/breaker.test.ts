import t from 'tap';
import { build, login, withCookie } from '../support/build.ts';
import { sumOf } from '../support/metrics.ts';
import { freePort, startRedis } from '../support/redis.ts';
import { until } from '../support/until.ts';
import { usersFile } from '../support/users.ts';

const STORE_UNAVAILABLE = { statusCode: 503, code: 'STORE_UNAVAILABLE' };

t.test(
  'once Redis is known not to answer, callers are refused at once, and need not find out that it does',
  async (t) => {
    const redis = await startRedis(t);
    const settings = { REDIS_URL: redis.url, NEAR_CACHE_MAX: '0' };
    const { app, log } = await build(t, settings, { deadlineMs: undefined });
    let token = '';
    await until(async () => {
      token = await login(app).catch(() => '');
      return token !== '';
    });
    const ask = () => app.inject({ url: '/verify', headers: withCookie(token) });
    const state = async () => (await sumOf([app], 'store_breaker_state'))[''];
    t.equal(await state(), 0);

    redis.process.kill('SIGSTOP');
    await until(async () => (await state()) !== 0 || (await ask()).statusCode !== 503);
    const took: number[] = [];
    for (let i = 0; i < 20; i += 1) {
      const start = performance.now();
      t.match((await ask()).json(), STORE_UNAVAILABLE);
      took.push(performance.now() - start);
    }
    took.sort((a, b) => a - b);
    // But for two, which a busy machine may have kept.
    t.ok((took.at(-3) as number) < 100, `nobody waits: ${took.map(Math.round)}`);

    redis.process.kill('SIGCONT');
    await until(async () => (await state()) === 0);
    t.equal((await ask()).statusCode, 200);
    const said = (words: string) => log.filter((line) => line.includes(words)).length;
    t.equal(said('Redis does not answer'), 1);
    t.equal(said('Redis answers again'), 1);
  },
);

t.test('a Redis whose memory is full is read from', async (t) => {
  const redis = await startRedis(t);
  const { app } = await build(t, { REDIS_URL: redis.url, NEAR_CACHE_MAX: '0' });
  const token = await login(app);
  await redis.client.config('SET', 'maxmemory', '1');
  for (let i = 0; i < 5; i += 1) {
    const payload = { username: 'demo', password: 'demo-password' };
    t.match((await app.inject({ method: 'POST', url: '/login', payload })).json(), STORE_UNAVAILABLE);
    t.equal((await app.inject({ url: '/verify', headers: withCookie(token) })).statusCode, 200);
  }
  t.match((await app.inject({ url: '/metrics' })).body, /^store_breaker_state 0$/m);
});

t.test('a policy that would log users out is named at the start', async (t) => {
  const redis = await startRedis(t, ['--maxmemory-policy', 'allkeys-lru']);
  const { log } = await build(t, { REDIS_URL: redis.url, REDIS_WAIT_REPLICAS: '2' });
  await until(() => log.some((line) => line.includes('maxmemory-policy of Redis is allkeys-lru')));
  t.ok(log.some((line) => line.includes('REDIS_WAIT_REPLICAS is 2, but Redis has 0 replicas')));
});

t.test('a Redis without an append-only file and without replicas is named at the start', async (t) => {
  const lost = (lines: readonly string[]) => lines.some((line) => line.includes('neither an append-only file nor'));
  const connected = (lines: readonly string[]) => lines.some((line) => line.includes('connected to Redis'));
  const redis = await startRedis(t);
  const { log } = await build(t, { REDIS_URL: redis.url });
  await until(() => lost(log));
  const durable = await startRedis(t, ['--appendonly', 'yes']);
  const replicated = await startRedis(t);
  const [host, port] = new URL(replicated.url).host.split(':') as [string, string];
  const replica = await startRedis(t, ['--replicaof', host, port]);
  await until(async () => (await replicated.client.info('replication')).includes('connected_slaves:1'));
  for (const { url } of [durable, replicated]) {
    const { log, app } = await build(t, { REDIS_URL: url });
    await until(() => connected(log));
    await app.inject('/readyz');
    t.notOk(lost(log), url);
  }
  t.ok(replica);
});

t.test('while Redis is away, what was known last may be served for a time, and is marked', async (t) => {
  const port = await freePort();
  const redis = await startRedis(t, [], port);
  const settings = { REDIS_URL: redis.url, USERS_FILE: usersFile(t, ['demo']) };
  const lenient = await build(t, { ...settings, DEGRADED_VERIFY_SECONDS: '60' });
  const strict = await build(t, settings);
  const token = await login(lenient.app);
  await Promise.all([lenient, strict].map(({ app }) => app.listen({ host: '127.0.0.1', port: 0 })));
  const ask = (app = lenient.app, headers = {}, url = '/verify') =>
    app.inject({ url, headers: { ...withCookie(token), ...headers } });
  for (const { app } of [lenient, strict]) {
    await until(async () => {
      await ask(app);
      return (await sumOf([app], 'near_cache_entries'))[''] === 1;
    });
  }
  t.notOk((await ask()).headers['x-session-degraded']);

  redis.process.kill('SIGKILL');
  await until(async () => (await ask()).headers['x-session-degraded'] === 'true');
  const answer = await ask();
  t.equal(answer.statusCode, 200);
  t.equal(answer.headers['x-session-user'], 'demo');
  for (const fresh of ['no-cache', 'max-age=0, No-Cache']) {
    t.match((await ask(lenient.app, { 'cache-control': fresh })).json(), STORE_UNAVAILABLE, 'not where asked for');
  }
  t.match((await ask(lenient.app, {}, '/session')).json(), STORE_UNAVAILABLE, 'not on another route');
  t.match((await ask(strict.app)).json(), STORE_UNAVAILABLE, 'not by default');
  const { '{result="degraded",source="fallback"}': served } = await sumOf([lenient.app], 'session_verify_total');
  t.ok(Number(served) >= 2, 'and it is counted');
  t.equal((await lenient.app.inject('/readyz')).statusCode, 200, 'proxies send requests on to who can answer some');
  t.equal((await strict.app.inject('/readyz')).statusCode, 503);

  await startRedis(t, [], port);
  await until(async () => (await ask()).statusCode === 401);
  t.notOk((await ask()).headers['x-session-degraded'], 'a Redis that answers is believed');
});
