// A slot goes from one master of a Cluster to another while its sessions are in use.
import t, { type Test } from 'tap';
import { newSessionId, shardOfUser } from '../../src/session/session-id.ts';
import { build, cookieToken, withCookie } from '../support/build.ts';
import { beginMove, type RedisCluster, startCluster } from '../support/cluster.ts';
import { openCachedStore } from '../support/redis-store.ts';
import { until } from '../support/until.ts';
import { usersFile } from '../support/users.ts';

const HOUR_MS = 3_600_000;
const UNAVAILABLE = { code: 'STORE_UNAVAILABLE' };

const cluster = await startCluster(t);
let tests = 0;

/** Three sessions of one user, two pods, and the names of the keys. */
async function story(t: Test, cluster: RedisCluster) {
  tests += 1;
  const prefix = `t${tests}`;
  const [pod, other] = [
    await openCachedStore(t, cluster.url, prefix),
    await openCachedStore(t, cluster.url, prefix),
  ] as const;
  const input = {
    userId: 'ann',
    idleMs: HOUR_MS,
    absoluteMs: HOUR_MS,
    metadata: {},
    device: { ip: '', userAgent: '' },
  };
  const create = (more = {}) => pod.store.create({ ...input, sessionId: newSessionId('ann'), ...more });
  const ids: string[] = [];
  for (let i = 0; i < 3; i += 1) {
    const created = await create();
    if (created.status === 'created') ids.push(created.session.sessionId);
  }
  const base = `${prefix}:{${shardOfUser('ann')}}:`;
  const keys = { counter: `${base}n`, index: `${base}u:ann`, records: ids.map((id) => `${base}s:${id}`) };
  return { pod: pod.store, other: other.store, create, keys, ids: ids as [string, string, string] };
}

type Story = Awaited<ReturnType<typeof story>>;

const halves: Record<string, (keys: Story['keys']) => string[]> = {
  'all but the records': ({ counter, index }) => [counter, index],
  'the counter': ({ counter }) => [counter],
  'the index and one record': ({ index, records }) => [index, records[0] as string],
  'one record': ({ records }) => [records[0] as string],
  'the records': ({ records }) => records,
};

for (const [name, half] of Object.entries(halves)) {
  t.test(`sessions whose slot is on its way are not called absent: ${name} moved`, async (t) => {
    const { pod, other, create, keys, ids } = await story(t, cluster);
    const [first] = ids;
    for (const id of ids) t.match(await pod.read(id), { sessionId: id });
    const move = await beginMove(cluster, keys.counter);
    await move.keys(...half(keys));

    const reads = await Promise.all(ids.map((id) => pod.read(id, { fresh: true })));
    t.match(
      reads,
      ids.map((sessionId) => ({ sessionId })),
      'together they are read',
    );
    const changes = {
      touch: async () => ({ found: (await pod.touch(first)) !== undefined }),
      patch: async () => ({
        found:
          (await pod.patch({ sessionId: first, patch: { set: { a: 1 }, remove: [], increment: {} } })).status !==
          'absent',
      }),
      renew: async () => ({ found: (await pod.renew({ sessionId: first, graceMs: 0 })).status !== 'absent' }),
      lock: async () => ({
        found: (await pod.lock({ sessionId: first, holder: 'me', ttlMs: 1 })).status !== 'absent',
      }),
      list: async () => ({ found: (await pod.list({ userId: 'ann', limit: 10 })).sessions.length === 3 }),
      create: async () => ({ found: (await create()).status === 'created' }),
      sweep: async () => ({ found: (await pod.sweep()).expired === 0 }),
    };
    for (const [change, make] of Object.entries(changes)) {
      await make().then(
        ({ found }) => t.ok(found, `${change} finds what is there`),
        (problem) => t.match(problem, UNAVAILABLE, `${change} can not be done now`),
      );
    }

    await move.finish();
    for (const id of ids) t.match(await pod.read(id, { fresh: true }), { sessionId: id }, 'still there');
    const { sessions } = await pod.list({ userId: 'ann', limit: 10 });
    t.equal(await other.count(), sessions.length, 'the count is right');
    for (const id of ids) {
      await until(async () => (await pod.read(id)) !== undefined && pod.peek(id) !== undefined);
      t.match(await other.revoke(id), { sessionId: id }, 'it can be ended');
      await until(async () => (await pod.read(id)) === undefined);
    }
    t.equal(await other.count(), sessions.length - ids.length);
  });
}

t.test('ends by time are counted though another shard can not be swept', async (t) => {
  const { pod, create, keys } = await story(t, cluster);
  await create({ userId: 'bob', sessionId: newSessionId('bob'), idleMs: 1 });
  const move = await beginMove(cluster, keys.counter);
  await move.keys(keys.counter);
  let expired = 0;
  await until(async () => {
    expired += (await pod.sweep()).expired;
    return expired === 1;
  });
  await move.finish();
});

t.test('where replicas must confirm, logins and revocations follow a slot that has moved', async (t) => {
  const replicated = await startCluster(t, { replicated: true });
  const settings = { REDIS_URL: replicated.url, REDIS_WAIT_REPLICAS: '1', USERS_FILE: usersFile(t, ['ann']) };
  const { app } = await build(t, { ...settings, LOGIN_RATE_MAX: '1000' });
  const login = () =>
    app.inject({ method: 'POST', url: '/login', payload: { username: 'ann', password: 'ann-password' } });
  // On a busy machine a replica may be late, and then it is asked again.
  const begun: Awaited<ReturnType<typeof login>>[] = [];
  await until(async () => begun.push(await login()) > 0 && begun.at(-1)?.statusCode === 200, 20_000);

  const move = await beginMove(replicated, `sd:{${shardOfUser('ann')}}:n`);
  await move.finish();
  const again = await login();
  t.not(again.json().code, 'STORE_UNAVAILABLE');
  const token = cookieToken(begun.at(-1) as (typeof begun)[number]);
  const out = await app.inject({ method: 'POST', url: '/logout', headers: withCookie(token) });
  t.ok(out.statusCode === 204 || out.json().code === 'DURABILITY_NOT_CONFIRMED', `logout answers ${out.statusCode}`);
});
