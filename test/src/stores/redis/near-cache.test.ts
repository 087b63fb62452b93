import { setTimeout as pause } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { newSessionId } from '../../../../src/session/session-id.ts';
import type { SessionStore } from '../../../../src/session/store.ts';
import { startCluster } from '../../../support/cluster.ts';
import { startRedis } from '../../../support/redis.ts';
import { openCachedStore } from '../../../support/redis-store.ts';
import { until } from '../../../support/until.ts';
import { storeContract } from '../contract.ts';

const redis = await startRedis(t);
const cluster = await startCluster(t);
const nothing = { set: {}, remove: [], increment: {} };
let tests = 0;

t.test('the contract holds with a near cache in front', async (t) => {
  storeContract(t, async (t) => {
    tests += 1;
    const { store } = await openCachedStore(t, redis.url, `c${tests}`);
    return { store, elapse: (ms) => pause(Math.min(ms, 150)) };
  });
});

async function start(store: SessionStore, userId = 'ann', idleMs = 60_000): Promise<string> {
  const sessionId = newSessionId(userId);
  const device = { ip: '', userAgent: '' };
  await store.create({ sessionId, userId, idleMs, absoluteMs: 60_000, metadata: {}, device });
  return sessionId;
}

for (const [name, url] of Object.entries({ 'one server': redis.url, 'a Cluster': cluster.url })) {
  const pods = async (t: Test) => {
    tests += 1;
    const prefix = `n${tests}`;
    return Promise.all([openCachedStore(t, url, prefix), openCachedStore(t, url, prefix)]);
  };

  t.test(`on ${name} a session that is read is held, and a change elsewhere is seen at once`, async (t) => {
    const [here, there] = await pods(t);
    const sessionId = await start(there.store);
    await here.store.read(sessionId);
    t.match(here.store.peek(sessionId), { version: 1 });
    await there.store.patch({ sessionId, patch: { ...nothing, set: { a: 1 } } });
    await until(() => here.store.peek(sessionId) === undefined, 1000);
    t.match(await here.store.read(sessionId), { version: 2 });
    await there.store.touch(sessionId);
    await until(() => here.store.peek(sessionId) === undefined, 1000);
  });

  t.test(`on ${name} every way to end a session is seen elsewhere`, async (t) => {
    const [here, there] = await pods(t);
    const limit = { max: 1, policy: 'evict-oldest' } as const;
    const ways: Record<string, (sessionId: string) => Promise<unknown>> = {
      revoke: (sessionId) => there.store.revoke(sessionId),
      'revoke of the user': () => there.store.revokeUser('ann'),
      replay: async (sessionId) => {
        await there.store.renew({ sessionId, generation: 1, graceMs: 0 });
        await there.store.renew({ sessionId, generation: 1, graceMs: -1 });
      },
      eviction: () =>
        there.store.create({
          sessionId: newSessionId('ann'),
          userId: 'ann',
          idleMs: 60_000,
          absoluteMs: 60_000,
          metadata: {},
          device: { ip: '', userAgent: '' },
          limit,
        }),
    };
    for (const [way, end] of Object.entries(ways)) {
      await here.store.revokeUser('ann');
      const sessionId = await start(here.store);
      t.ok(await here.store.read(sessionId));
      t.ok(here.store.peek(sessionId), `held before ${way}`);
      await end(sessionId);
      await until(() => here.store.peek(sessionId) === undefined, 1000);
      t.equal(await here.store.read(sessionId), undefined, `gone after ${way}`);
    }
  });

  t.test(`on ${name} a thousand parallel reads of one session are one`, async (t) => {
    const [here, there] = await pods(t);
    const sessionId = await start(there.store);
    const before = here.commands.mget;
    const found = await Promise.all(Array.from({ length: 1000 }, () => here.store.read(sessionId)));
    t.ok(found.every((session) => session?.sessionId === sessionId));
    t.equal(here.commands.mget - before, 1);
  });

  t.test(`on ${name} nothing is served past its end, nor when connections were lost`, async (t) => {
    const [here] = await pods(t);
    const short = await start(here.store, 'ann', 80);
    await here.store.read(short);
    t.ok(here.store.peek(short));
    await until(() => here.store.peek(short) === undefined, 1000);

    const sessionId = await start(here.store);
    await here.store.read(sessionId);
    t.ok(here.store.peek(sessionId));
    const servers = name === 'one server' ? [redis.client] : cluster.masters.map(({ client }) => client);
    for (const server of servers) await server.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
    await until(() => here.store.peek(sessionId) === undefined, 1000);
    await until(async () => {
      await here.store.read(sessionId);
      return here.store.peek(sessionId) !== undefined;
    });
    for (const server of servers) await server.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    await until(() => here.store.peek(sessionId) === undefined, 1000);
    await until(async () => {
      await here.store.read(sessionId).catch(() => undefined);
      return here.store.peek(sessionId) !== undefined;
    });
  });
}

t.test('FLUSHALL empties it', async (t) => {
  const own = await startRedis(t);
  const { store } = await openCachedStore(t, own.url, 'f');
  const sessionId = await start(store);
  await store.read(sessionId);
  t.ok(store.peek(sessionId));
  await own.client.flushall();
  await until(() => store.peek(sessionId) === undefined, 1000);
  t.equal(await store.read(sessionId), undefined);
});

t.test('a change that overtakes the answer to a read is not forgotten', async (t) => {
  const { store } = await openCachedStore(t, redis.url, 'race');
  for (let round = 0; round < 200; round += 1) {
    const sessionId = await start(store);
    await Promise.all([store.read(sessionId), store.revoke(sessionId), store.read(sessionId)]);
    t.equal(store.peek(sessionId), undefined);
    t.equal(await store.read(sessionId), undefined);
  }
});

t.test('where the server refuses to track, nothing is held', async (t) => {
  const own = await startRedis(t);
  await own.client.call('ACL', 'SETUSER', 'plain', 'on', '>pw', '~*', '&*', '+@all', '-client|tracking');
  const { store, refused } = await openCachedStore(t, own.url.replace('://', '://plain:pw@'), 'r', { wait: false });
  await until(() => refused.length === 1);
  const sessionId = await start(store);
  t.ok(await store.read(sessionId));
  t.equal(store.peek(sessionId), undefined);
});

t.test('a touch that can not be written leaves what is held', async (t) => {
  const full = await startRedis(t);
  const { store } = await openCachedStore(t, full.url, 'x');
  const sessionId = await start(store);
  await until(async () => {
    await store.read(sessionId);
    return store.peek(sessionId) !== undefined;
  });
  await full.client.config('SET', 'maxmemory', '1');
  await t.rejects(store.touch(sessionId), { code: 'STORE_UNAVAILABLE' });
  t.match(store.peek(sessionId), { sessionId });
});
