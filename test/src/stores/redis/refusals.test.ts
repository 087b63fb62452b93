import { once } from 'node:events';
import t, { type Test } from 'tap';
import { SessionError } from '../../../../src/session/errors.ts';
import { parseRedisUrl, type RedisAddress } from '../../../../src/stores/redis/connection/address.ts';
import { closeRedisClient, connectSoon, createRedisClient } from '../../../../src/stores/redis/connection/connect.ts';
import { createGuard } from '../../../../src/stores/redis/connection/guard.ts';
import { freePort, startRedis } from '../../../support/redis.ts';
import { until } from '../../../support/until.ts';

/** A server that refuses to be written to, for it is a replica. */
async function replica(t: Test, deadlineMs: number) {
  const redis = await startRedis(t, ['--replicaof', `127.0.0.1 ${await freePort()}`]);
  const client = createRedisClient(parseRedisUrl(redis.url) as RedisAddress);
  client.on('error', () => undefined);
  t.teardown(() => closeRedisClient(client));
  await connectSoon(client);
  await until(() => client.status === 'ready');
  const guard = createGuard({ client, deadlineMs });
  t.teardown(guard.stop);
  const sent: number[] = [];
  /** Writes, and does something as soon as that is refused for the first time. */
  const write = (onRefusal: () => unknown) =>
    guard.ask('', 'set', async () => {
      const answer = client.set('written', sent.push(0));
      if (sent.length === 1) await answer.catch(onRefusal);
      return answer;
    });
  return { redis, client, sent, write };
}

t.test('what was refused for want of a master is sent once more when there is one', async (t) => {
  const { redis, sent, write } = await replica(t, 10_000);
  const promote = () => void redis.client.replicaof('NO', 'ONE');
  t.equal(await write(promote), 'OK');
  t.equal(sent.length, 2);
});

t.test('but not when nobody waits for it any more', async (t) => {
  const { redis, client, sent, write } = await replica(t, 100);
  const readyAgain = once(client, 'ready');
  // The connection that was given up is not closed, hence no other one made, before Redis goes on.
  await t.rejects(
    write(() => redis.process.kill('SIGSTOP')),
    new SessionError('STORE_UNAVAILABLE'),
  );
  redis.process.kill('SIGCONT');
  await redis.client.replicaof('NO', 'ONE');
  await readyAgain;
  await client.ping();
  t.equal(sent.length, 1);
  t.equal(await redis.client.get('written'), null);
});
