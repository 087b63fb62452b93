// A master is lost under sessions in use: those that Redis kept go on, those that ended stay ended.
import type { FastifyInstance } from 'fastify';
import t, { type Test } from 'tap';
import { build, login, withCookie } from '../support/build.ts';
import { startCluster } from '../support/cluster.ts';
import { startRedis, stopProcess } from '../support/redis.ts';
import { startSentinels } from '../support/sentinel.ts';
import { until } from '../support/until.ts';

t.test('a master of the sentinels is killed, comes back as a replica, and is needed again', async (t) => {
  const { url, master, inStep, kill, revive } = await startSentinels(t);
  const service = await startPods(t, url, inStep);
  const first = await master();
  await service.survives(t, () => kill(first));
  await inStep();
  await revive(first);
  await inStep();
  const second = await master();
  await service.survives(t, () => kill(second));
});

t.test('a master of the sentinels freezes, and is a replica when it thaws', async (t) => {
  const { url, master, inStep } = await startSentinels(t);
  const service = await startPods(t, url, inStep);
  const { client, process } = await master();
  await service.survives(t, async () => process.kill('SIGSTOP'));
  process.kill('SIGCONT');
  await until(async () => (await client.role())[0] === 'slave', 20_000);
  await service.survives(t, async () => {});
});

t.test('the sentinels choose another master though there was nothing wrong with the old one', async (t) => {
  const { url, inStep, failOver } = await startSentinels(t);
  const service = await startPods(t, url, inStep);
  await service.survives(t, failOver);
});

t.test('a sentinel that is away costs nothing', async (t) => {
  const { url, sentinels, master, inStep, kill } = await startSentinels(t);
  await kill(sentinels[0] as (typeof sentinels)[number]);
  const service = await startPods(t, url, inStep);
  await service.survives(t, async () => kill(await master()));
});

t.test('a master of a Cluster is killed', async (t) => {
  const { url, masters, inStep } = await startCluster(t, { replicated: true });
  const service = await startPods(t, url, inStep);
  const owned = await Promise.all(masters.map(({ client }) => client.keys('sd:{*}:u:demo')));
  const owner = masters[owned.findIndex((keys) => keys.length > 0)];
  if (owner === undefined) throw new Error('The user stands nowhere');
  await service.survives(t, () => stopProcess(owner));
});

t.test('behind one address another server becomes the master', async (t) => {
  const [former, other] = [await startRedis(t), await startRedis(t)];
  const { app } = await build(t, { REDIS_URL: former.url });
  await login(app);
  await former.client.replicaof('127.0.0.1', other.port);
  await until(async () => (await former.client.role())[0] === 'slave');
  const writes = () => app.inject({ method: 'POST', url: '/session' });
  const connections = async () => /^total_connections_received:(\d+)/m.exec(await former.client.info('stats'))?.[1];
  const before = await connections();
  t.equal((await writes()).statusCode, 503);
  await until(async () => (await connections()) !== before);
  await former.client.replicaof('NO', 'ONE');
  await until(async () => (await writes()).statusCode === 201);
});

/** Two pods with one session in use and one that has ended. */
async function startPods(t: Test, url: string, inStep: () => Promise<void>) {
  const settings = { REDIS_URL: url, LOGIN_RATE_MAX: '1000000' };
  const pods = [await build(t, settings, { deadlineMs: 500 }), await build(t, settings, { deadlineMs: 500 })];
  const [here, there] = pods.map(({ app }) => app) as [FastifyInstance, FastifyInstance];
  const [used, ended] = [await login(here), await login(here)];
  await logout(here, ended);

  const isHeld = (app: FastifyInstance, token: string) =>
    app.sessions.recall(token, () => ({ ip: '', userAgent: '' })) !== undefined;
  const held = (token: string) =>
    until(async () => {
      for (const app of [here, there]) await ask(app, token);
      return isHeld(here, token) && isHeld(there, token);
    });

  return {
    /** Lets a master fail, and holds the pods to what they promise from then until they are as before. */
    async survives(t: Test, fail: () => Promise<unknown>): Promise<void> {
      await held(used);
      await inStep();
      const begin = performance.now();
      const said = { used: new Set<number>(), ended: new Set<number>() };
      await fail();
      await until(async () => {
        said.used.add(await ask(here, used, 'no-cache'));
        said.ended.add(await ask(there, ended, 'no-cache'));
        return (await here.inject({ method: 'POST', url: '/login', payload })).statusCode === 200;
      }, 20_000);
      t.comment(`the first login after ${Math.round(performance.now() - begin)} ms`);
      t.same(
        [...said.used].filter((status) => ![200, 503].includes(status)),
        [],
        'nobody is sent away meanwhile',
      );
      t.same(
        [...said.ended].filter((status) => ![401, 503].includes(status)),
        [],
        'and nobody let in',
      );

      for (const app of [here, there]) {
        await until(async () => (await ask(app, used, 'no-cache')) !== 503);
        t.equal(await ask(app, used, 'no-cache'), 200, 'the session is there still');
        t.equal(await ask(app, ended, 'no-cache'), 401, 'what has ended stays ended');
      }
      const another = await login(here);
      await held(another);
      await logout(here, another);
      await until(async () => (await ask(there, another)) === 401, 1000);
      t.pass('each pod hears what the other changes');
    },
  };
}

const payload = { username: 'demo', password: 'demo-password' };

async function ask(app: FastifyInstance, token: string, cacheControl = ''): Promise<number> {
  const headers = { ...withCookie(token), 'cache-control': cacheControl };
  return (await app.inject({ url: '/verify', headers })).statusCode;
}

async function logout(app: FastifyInstance, token: string): Promise<void> {
  const { statusCode } = await app.inject({ method: 'POST', url: '/logout', headers: withCookie(token) });
  if (statusCode >= 300) throw new Error(`The logout answers ${statusCode}`);
}
