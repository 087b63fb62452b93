import t, { type Test } from 'tap';
import { build, cookieToken, withCookie } from '../support/build.ts';
import { startCluster } from '../support/cluster.ts';
import { type RedisServer, startRedis } from '../support/redis.ts';
import { until } from '../support/until.ts';
import { usersFile } from '../support/users.ts';

const NOT_CONFIRMED = { statusCode: 503, code: 'DURABILITY_NOT_CONFIRMED', error: 'Service Unavailable' };

interface Replicated {
  readonly url: string;
  readonly replicas: readonly RedisServer[];
}

async function oneServer(t: Test): Promise<Replicated> {
  const master = await startRedis(t, ['--repl-diskless-sync-delay', '0']);
  const replica = await startRedis(t, ['--replicaof', `127.0.0.1 ${master.port}`]);
  await until(async () => (await master.client.info('replication')).includes('state=online'));
  return { url: master.url, replicas: [replica] };
}

async function cluster(t: Test): Promise<Replicated> {
  const { url, replicas } = await startCluster(t, { replicated: true });
  return { url, replicas };
}

for (const [name, start] of Object.entries({ 'one server': oneServer, 'a Cluster': cluster })) {
  t.test(`on ${name} what is acknowledged is what replicas have`, async (t) => {
    const { url, replicas } = await start(t);
    const settings = { REDIS_URL: url, USERS_FILE: usersFile(t, ['ann']), LOGIN_RATE_MAX: '1000' };
    const pod = async () => (await build(t, { ...settings, REDIS_WAIT_REPLICAS: '1' })).app;
    const [app, other] = [await pod(), await pod()];
    const payload = { username: 'ann', password: 'ann-password' };
    const login = () => app.inject({ method: 'POST', url: '/login', payload });
    // On a busy machine a replica may be late, and then it is asked again.
    const patientLogin = async () => {
      const answers: Awaited<ReturnType<typeof login>>[] = [];
      await until(async () => answers.push(await login()) > 0 && answers.at(-1)?.statusCode === 200);
      return answers.at(-1) as (typeof answers)[number];
    };
    const verify = (token: string) => app.inject({ url: '/verify', headers: withCookie(token) });
    const logout = (token: string, at = app) =>
      at.inject({ method: 'POST', url: '/logout', headers: withCookie(token) });

    const answers = await Promise.all(Array.from({ length: 50 }, patientLogin));
    const [first, second] = answers.map(cookieToken) as [string, string];

    for (const replica of replicas) replica.process.kill('SIGSTOP');
    const refused = await login();
    t.match(refused.json(), NOT_CONFIRMED);
    t.notOk(refused.headers['set-cookie']);
    t.match(refused.headers['retry-after'], /^\d+$/);
    t.equal((await verify(first)).statusCode, 200, 'nothing that is read waits');

    t.match((await logout(first)).json(), NOT_CONFIRMED);
    t.equal((await verify(first)).statusCode, 401, 'the change is made');
    t.match((await logout(first)).json(), NOT_CONFIRMED, 'asked for again it is still not confirmed');
    t.match((await logout(first, other)).json(), NOT_CONFIRMED, 'nor by another pod, which has changed nothing');

    const begin = performance.now();
    const many = await Promise.all(Array.from({ length: 20 }, login));
    t.ok(many.every(({ statusCode }) => statusCode === 503));
    t.ok(performance.now() - begin < 1500, `twenty were answered in ${performance.now() - begin} ms`);

    for (const replica of replicas) replica.process.kill('SIGCONT');
    await until(async () => (await logout(first)).statusCode === 204);
    await until(async () => (await login()).statusCode === 200);
    t.equal((await logout(second)).statusCode, 204);
  });
}
