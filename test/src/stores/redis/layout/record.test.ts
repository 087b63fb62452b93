import { readFileSync } from 'node:fs';
import t from 'tap';
import { newSessionId } from '../../../../../src/session/session-id.ts';
import { startRedis } from '../../../../support/redis.ts';
import { openRedisStore } from '../../../../support/redis-store.ts';

const redis = await startRedis(t);

const RECORDS = {
  'a newer format': '[2,{"everything":"is different"}]',
  'an older format': '[0,1795345744923]',
  'a broken array': '[1,1795345744923,179534',
  'too few places': '[1,1795345744923,1795345744923,1800,86400]',
  'places of other types': '[1,"1795345744923",1795345744923,1800,86400,"ann","ip","ua",0,"1",1,[]]',
  nulls: '[1,1795345744923,1795345744923,1800,86400,null,null,null,null,null,null,null]',
  'metadata that is no JSON': '[1,1795345744923,1795345744923,1800,86400,"ann","ip","ua",0,1,1,["a","{"]]',
  'metadata of another type': '[1,1795345744923,1795345744923,1800,86400,"ann","ip","ua",0,1,1,7]',
  'claims of another type': '[1,1795345744923,1795345744923,1800,86400,"ann","ip","ua",0,1,[],1,0,1,0,7]',
  'no JSON at all': 'hello',
  nothing: '',
};

for (const [what, record] of Object.entries(RECORDS)) {
  t.test(`a record with ${what} is an absent session, and never an error`, async (t) => {
    const { store, unreadable } = await openRedisStore(t, redis.url, `t${Object.keys(RECORDS).indexOf(what)}`);
    const { session } = (await store.create({
      sessionId: newSessionId('ann'),
      userId: 'ann',
      idleMs: 60_000,
      absoluteMs: 60_000,
      metadata: {},
      device: { ip: '', userAgent: '' },
    })) as { session: { sessionId: string } };
    const { sessionId } = session;
    const [key = ''] = await redis.client.keys(`*${sessionId}`);
    await redis.client.set(key, record, 'KEEPTTL');

    t.equal(await store.read(sessionId), undefined);
    t.same(unreadable, [sessionId]);
    t.match(await store.list({ userId: 'ann', limit: 10 }), { sessions: [] });
    const patched = await store.patch({ sessionId, patch: { set: { b: 1 }, remove: [], increment: {} } });
    t.same(patched, { status: 'absent' });
    await t.resolves(store.touch(sessionId));
    await t.resolves(store.sweep());
    t.equal(await store.revoke(sessionId), undefined);
    t.equal(await redis.client.exists(key), 0, 'and it can be revoked');
  });
}

t.test('a record of the next version, with more places, is read, and what is new in it survives', async (t) => {
  const { store } = await openRedisStore(t, redis.url, 'next');
  const sessionId = newSessionId('ann');
  const device = { ip: '', userAgent: '' };
  await store.create({ sessionId, userId: 'ann', idleMs: 60_000, absoluteMs: 60_000, metadata: {}, device });
  const [key = ''] = await redis.client.keys(`*${sessionId}`);
  const seen = JSON.parse((await redis.client.get(key)) as string)[1];
  const record = [1, seen, seen, 60, 60, 'ann', '', '', 0, 1, ['a', '1'], 1, 0, 1, 0, [], 'new', { more: [1] }];
  await redis.client.set(key, JSON.stringify(record), 'KEEPTTL');

  t.match(await store.read(sessionId), { sessionId, userId: 'ann', version: 1, metadata: { a: 1 } });
  const patch = { set: { b: 2 }, remove: [], increment: {} };
  t.match(await store.patch({ sessionId, patch }), { status: 'patched', session: { metadata: { a: 1, b: 2 } } });
  t.match(await store.renew({ sessionId, generation: 1, graceMs: 1000 }), { status: 'renewed' });
  await store.touch(sessionId);
  const kept = JSON.parse((await redis.client.get(key)) as string);
  t.same(kept.slice(16), ['new', { more: [1] }]);
  t.match(await store.read(sessionId), { generation: 2, version: 2 });
});

t.test('a session without claims costs no byte for them, after changes and renewals too', async (t) => {
  const { store } = await openRedisStore(t, redis.url, 'bytes');
  const sessionId = newSessionId('ann');
  const device = { ip: '', userAgent: '' };
  await store.create({ sessionId, userId: 'ann', idleMs: 60_000, absoluteMs: 60_000, metadata: {}, device });
  const [key = ''] = await redis.client.keys(`*${sessionId}`);
  const length = async () => JSON.parse((await redis.client.get(key)) as string).length;
  t.equal(await length(), 8);
  const change = (set: object, remove: string[] = []) =>
    store.patch({ sessionId, patch: { set: {}, remove: [], increment: {} }, claims: { set: { ...set }, remove } });
  await change({ role: 'admin' });
  t.equal(await length(), 16);
  await change({}, ['role']);
  t.equal(await length(), 10, 'up to the version');
  await store.renew({ sessionId, generation: 1, graceMs: 0 });
  t.ok((await length()) <= 14, 'up to the generation in grace');
});

t.test('scripts of the version before, on pods still running, keep the claims of a session', async (t) => {
  const { store } = await openRedisStore(t, redis.url, 'before');
  const folder = new URL('../../../../fixtures/scripts-before-claims/', import.meta.url);
  const source = (name: string) => readFileSync(new URL(`${name}.lua`, folder), 'utf8');
  const sessionId = newSessionId('ann');
  const device = { ip: '', userAgent: '' };
  const times = { idleMs: 60_000, absoluteMs: 60_000 };
  const claims = { role: 'admin', groups: [] };
  await store.create({ sessionId, userId: 'ann', ...times, metadata: {}, claims, device });
  const shard = `before:{${sessionId.slice(0, 2)}}`;
  const before = (name: string, ...args: (string | number)[]) =>
    redis.client.eval(`${source('common')}\n${source(name)}`, 2, `${shard}:n`, `${shard}:-`, sessionId, ...args);

  const change = JSON.stringify({ set: [['a', '1']], remove: [], increment: [], versions: null });
  t.match(await before('patch', change, 64, 4096, ''), ['patched']);
  t.match(await before('renew', 1, 10_000, 1), ['renewed']);
  t.type(await before('touch'), 'number');
  t.match(await store.read(sessionId), { version: 2, generation: 2, metadata: { a: 1 } });
  t.strictSame((await store.read(sessionId))?.claims, claims);
});

t.test('a record as short as one can be is read', async (t) => {
  const { store } = await openRedisStore(t, redis.url, 'short');
  const sessionId = newSessionId('ann');
  const device = { ip: '', userAgent: '' };
  await store.create({ sessionId, userId: 'ann', idleMs: 60_000, absoluteMs: 60_000, metadata: {}, device });
  const [key = ''] = await redis.client.keys(`*${sessionId}`);
  const now = Date.now();
  await redis.client.set(key, JSON.stringify([1, now, now, 60, 60, 'ann', '', '']), 'KEEPTTL');
  t.match(await store.read(sessionId), { generation: 1, version: 1, metadata: {}, remember: false });
});
