import t from 'tap';
import { newSessionId, shardOfUser } from '../../../../src/session/session-id.ts';
import type { NewSession, SessionStore } from '../../../../src/session/store.ts';
import { startRedis } from '../../../support/redis.ts';
import { openRedisStore } from '../../../support/redis-store.ts';

const redis = await startRedis(t);
const { store } = await openRedisStore(t, redis.url, 'x');
const fresh = (): NewSession => ({
  sessionId: newSessionId('ann'),
  userId: 'ann',
  idleMs: 1_800_000,
  absoluteMs: 86_400_000,
  metadata: {},
  device: { ip: '192.0.2.1', userAgent: 'x' },
  limit: { max: 100, policy: 'evict-oldest' },
});
const renewal = { generation: 1, graceMs: 60_000 };
const patch = { set: { a: 1 }, remove: [], increment: {} };

type Call = (store: SessionStore, sessionId: string) => Promise<unknown>;

/** What docs/redis.md says each call costs; `evalsha` is the one command sent, the others are run by its script. */
const costs: [name: string, call: Call, commands: Record<string, number>][] = [
  [
    'create',
    (store) => store.create(fresh()),
    { evalsha: 1, time: 1, zcard: 1, set: 1, zadd: 1, incr: 1, get: 1, rpush: 1 },
  ],
  ['read', (store, id) => store.read(id), { mget: 1 }],
  ['touch', (store, id) => store.touch(id), { evalsha: 1, time: 1, getrange: 1, setrange: 1, pexpireat: 1 }],
  ['patch', (store, sessionId) => store.patch({ sessionId, patch }), { evalsha: 1, get: 2, set: 1 }],
  [
    'renew',
    (store, sessionId) => store.renew({ sessionId, ...renewal }),
    { evalsha: 1, get: 1, time: 1, set: 1, pexpireat: 1 },
  ],
  ['judge', (store, sessionId) => store.judge({ sessionId, ...renewal }), { evalsha: 1, get: 1, time: 1 }],
  ['revoke', (store, id) => store.revoke(id), { evalsha: 1, get: 1, del: 1, zrem: 1, decr: 1 }],
];

for (const [name, call, commands] of costs) {
  t.test(`${name} sends one command, and runs no more than it says`, async (t) => {
    const [known, measured] = [fresh(), fresh()];
    for (const session of [known, measured]) await store.create(session);
    await call(store, known.sessionId); // Redis has the script from here on
    const before = await counted();
    await call(store, measured.sessionId);
    const after = await counted();
    const spent = Object.entries(after).map(([command, count]) => [command, count - (before[command] ?? 0)] as const);
    t.same(Object.fromEntries(spent.filter(([, count]) => count > 0)), commands);
  });
}

t.test('all that stands in Redis for a user stands in one slot of a Cluster', async (t) => {
  const keys = await redis.client.keys('x:*');
  t.ok(keys.length >= 4);
  for (const key of keys) t.ok(key.startsWith(`x:{${shardOfUser('ann')}}:`), key);
});

/** How often each command has run so far, that of looking left out. */
async function counted(): Promise<Record<string, number>> {
  const info = await redis.client.info('commandstats');
  const counts = [...info.matchAll(/^cmdstat_([^:]+):calls=(\d+)/gm)].map(([, name, calls]) => [name, Number(calls)]);
  return Object.fromEntries(counts.filter(([name]) => name !== 'info'));
}
