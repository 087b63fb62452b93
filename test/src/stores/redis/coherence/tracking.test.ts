import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import t, { type Test } from 'tap';
import { newSessionId } from '../../../../../src/session/session-id.ts';
import { startRedis } from '../../../../support/redis.ts';
import { openCachedStore, openRedisStore } from '../../../../support/redis-store.ts';
import { until } from '../../../../support/until.ts';

/** A network in front of a server that does not tell its clients when the server has ended a connection. */
async function networkThatLosesGoodbyes(t: Test, port: number): Promise<string> {
  const sockets = new Set<Socket>();
  const proxy = createServer((client) => {
    const server = connect(port, '127.0.0.1');
    for (const socket of [client, server]) sockets.add(socket.on('error', () => undefined));
    client.pipe(server);
    server.on('data', (data) => client.write(data));
    client.on('close', () => server.destroy());
  });
  t.teardown(() => {
    proxy.close();
    for (const socket of sockets) socket.destroy();
  });
  await once(proxy.listen(0, '127.0.0.1'), 'listening');
  return `redis://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
}

t.test('a near cache whose data connection is gone unnoticed does not go on for long', async (t) => {
  const redis = await startRedis(t);
  const url = await networkThatLosesGoodbyes(t, redis.port);
  const { store: here } = await openCachedStore(t, url, 'p');
  const { store: there } = await openRedisStore(t, redis.url, 'p');
  const sessionId = newSessionId('ann');
  const device = { ip: '', userAgent: '' };
  await here.create({ sessionId, userId: 'ann', idleMs: 3_600_000, absoluteMs: 3_600_000, metadata: {}, device });
  await until(async () => (await here.read(sessionId)) !== undefined && here.peek(sessionId) !== undefined);

  const tracking = /^id=(\d+) .* flags=\w*t/m.exec(String(await redis.client.client('LIST')))?.[1] as string;
  await redis.client.client('KILL', 'ID', tracking);
  await there.revoke(sessionId);
  await until(() => here.peek(sessionId) === undefined, 10_000);
  t.equal(await here.read(sessionId).catch(() => undefined), undefined);
});
