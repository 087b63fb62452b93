import t from 'tap';
import { newSessionId } from '../../../../src/session/session-id.ts';
import type { SessionStore } from '../../../../src/session/store.ts';
import { startCluster } from '../../../support/cluster.ts';
import { startRedis } from '../../../support/redis.ts';
import { openRedisStore } from '../../../support/redis-store.ts';

const [redis, cluster] = await Promise.all([startRedis(t), startCluster(t)]);

async function start(store: SessionStore, userId: string): Promise<string> {
  const sessionId = newSessionId(userId);
  const device = { ip: '', userAgent: '' };
  await store.create({ sessionId, userId, idleMs: 60_000, absoluteMs: 60_000, metadata: {}, device });
  return sessionId;
}

t.test('what is read in one moment is one command, and every reader gets its own', async (t) => {
  const { store, commands } = await openRedisStore(t, redis.url, 'r');
  const users = Array.from({ length: 600 }, (_, i) => `user ${i}`);
  const ids = await Promise.all(users.map((user) => start(store, user)));
  const absent = newSessionId('nobody');
  const before = commands.mget;
  const read = await Promise.all([...ids, absent, ...ids.slice(0, 3)].map((id) => store.read(id)));
  t.same(
    read.map((session) => session?.userId),
    [...users, undefined, ...users.slice(0, 3)],
  );
  t.equal(commands.mget - before, 2, '604 keys, at most 512 at once');
});

t.test('in a Cluster a command goes to one shard', async (t) => {
  const { store, commands } = await openRedisStore(t, cluster.url, 'r');
  const users = Array.from({ length: 200 }, (_, i) => `user ${i}`);
  const ids = await Promise.all(users.map((user) => start(store, user)));
  const before = commands.mget;
  const read = await Promise.all(ids.map((id) => store.read(id)));
  t.same(
    read.map((session) => session?.userId),
    users,
  );
  t.equal(commands.mget - before, new Set(ids.map((id) => id.slice(0, 2))).size);
});

t.test('when a command is not answered, all that it asked for is unknown', async (t) => {
  const server = await startRedis(t);
  const { store } = await openRedisStore(t, server.url, 'r');
  const ids = await Promise.all(['ann', 'bob'].map((user) => start(store, user)));
  server.process.kill('SIGKILL');
  for (const id of ids) await t.rejects(store.read(id), { code: 'STORE_UNAVAILABLE' });
  const both = await Promise.allSettled(ids.map((id) => store.read(id)));
  t.same(
    both.map(({ status }) => status),
    ['rejected', 'rejected'],
  );
});
