import { spawnSync } from 'node:child_process';
import type { Cluster, Redis } from 'ioredis';
import t, { type Test } from 'tap';
import { newSessionId } from '../../../../../src/session/session-id.ts';
import type { SessionStore } from '../../../../../src/session/store.ts';
import { startCluster } from '../../../../support/cluster.ts';
import { startRedis } from '../../../../support/redis.ts';
import { openRedisStore } from '../../../../support/redis-store.ts';

t.test('on one server', async (t) => breakAndMend(t, await startRedis(t)));
t.test('in a Cluster', async (t) => breakAndMend(t, await startCluster(t)));

t.test('a Redis that can not be asked is said, with the reason', async (t) => {
  const closed = await startRedis(t, ['--requirepass', 'hush'], undefined, { password: 'hush' });
  const answer = audit(closed.url);
  t.equal(answer.status, 1);
  t.match(answer.text, /can not be reached at REDIS_URL: NOAUTH/);
  t.match(audit(closed.url, '--help'), { status: 0, text: /audit -- --repair/ });
});

async function start(store: SessionStore, userId: string | null): Promise<string> {
  const sessionId = newSessionId(userId);
  const device = { ip: '', userAgent: '' };
  await store.create({ sessionId, userId, idleMs: 60_000, absoluteMs: 60_000, metadata: {}, device });
  return sessionId;
}

function audit(url: string, ...options: string[]): { status: number | null; text: string } {
  const command = ['src/stores/redis/audit/audit-command.ts', '--redis-url', url, '--prefix', 'audited', ...options];
  const { status, stdout, stderr } = spawnSync(process.execPath, command, { encoding: 'utf8' });
  return { status, text: stdout + stderr };
}

/** Breaks every invariant by hand, one session each, and looks at what the command says of it. */
async function breakAndMend(t: Test, { url, client }: { url: string; client: Redis | Cluster }): Promise<void> {
  const { store } = await openRedisStore(t, url, 'audited');
  const at = (sessionId: string, rest: string) => `audited:{${sessionId.slice(0, 2)}}:${rest}`;
  const ids = await Promise.all(
    Array.from({ length: 12 }, (_, i) => start(store, i % 3 === 0 ? null : `user ${i % 4}: with a colon`)),
  );
  const clean = audit(url);
  t.equal(clean.status, 0, clean.text);
  t.match(clean.text, /12 sessions, 0 of them in records of another version/);
  t.notMatch(clean.text, /BROKEN/);

  const [endless, unlisted, orphaned, unscheduled, miscounted, rubbish, list, newer] = await Promise.all(
    ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'].map((name) => start(store, name)),
  );
  await client.persist(at(endless as string, `s:${endless}`));
  await client.zrem(at(unlisted as string, 'u:b'), unlisted as string);
  await client.decr(at(unlisted as string, 'n'));
  await client.del(at(orphaned as string, `s:${orphaned}`));
  const minute = Math.floor((await client.pexpiretime(at(unscheduled as string, `s:${unscheduled}`))) / 60_000);
  await client.lrem(at(unscheduled as string, `x:${minute}`), 0, `${unscheduled}:d`);
  await client.zrem(at(unscheduled as string, 'h'), `${unscheduled}:d`);
  await client.incrby(at(miscounted as string, 'n'), 5);
  await client.set(at(rubbish as string, `s:${rubbish}`), 'rubbish', 'KEEPTTL');
  await client.del(at(list as string, `s:${list}`));
  await client.rpush(at(list as string, `s:${list}`), 'rubbish');
  await client.set(at(newer as string, `s:${newer}`), '[2,{"of":"the next version"}]', 'KEEPTTL');

  const broken = audit(url);
  t.equal(broken.status, 1, broken.text);
  t.equal(broken.text.match(/BROKEN +1 /g)?.length, 5, broken.text);
  t.match(broken.text, /BROKEN +2 {2}every record can be read/);
  t.match(broken.text, /1 of them in records of another version/);
  t.match(broken.text, unlisted);
  t.match(broken.text, /--repair would repair:\n {2}record, 2: delete the record; its user has to log in again\n/);
  t.notMatch(broken.text, /Repaired/);

  const mended = audit(url, '--repair');
  t.equal(mended.status, 0, mended.text);
  t.match(mended.text, /Repaired 7 of 7:\n {2}record, 2: delete the record.*\n {2}expiry, 1: set its expiry\n/);
  const after = audit(url);
  t.equal(after.status, 0, after.text);
  t.match(after.text, /17 sessions, 1 of them in records of another version/);
  t.equal(await store.count(), 17);
  t.equal(await client.exists(at(rubbish as string, `s:${rubbish}`)), 0);
  t.equal(await client.exists(at(newer as string, `s:${newer}`)), 1, 'left to the version that can read it');
  t.ok((await client.pttl(at(endless as string, `s:${endless}`))) > 0);
  t.match(await store.list({ userId: 'b', limit: 10 }), { sessions: [{ sessionId: unlisted }] });
  t.equal(await client.zscore(at(orphaned as string, 'u:c'), orphaned as string), null);
  for (const sessionId of ids) t.ok(await store.read(sessionId));
}

t.test('without a Redis to look at it says which setting to change', async (t) => {
  t.match(audit('redis://127.0.0.1:1'), { status: 1, text: /can not be reached.*REDIS_URL/s });
  t.match(audit('http://127.0.0.1:1'), { status: 1, text: /Set REDIS_URL/ });
});
