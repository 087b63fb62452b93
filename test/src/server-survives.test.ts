import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import t from 'tap';
import { startRedis } from '../support/redis.ts';
import { loginAt, type ServerProcess, startServer } from '../support/server.ts';
import { until } from '../support/until.ts';
import { usersFile } from '../support/users.ts';

const ROUNDS = 20;
// Long enough for every periodic timer of the service to fire.
const HELD_MS = 2000;

/** Whether the process still runs and serves requests. */
async function isRunning({ process, url }: ServerProcess): Promise<boolean> {
  return process.exitCode === null && process.signalCode === null && (await fetch(`${url}/healthz`)).status === 200;
}

t.test('it survives when its standard output is closed, and still stops on SIGTERM', async (t) => {
  const server = await startServer(t);
  for (const stream of [server.process.stdout, server.process.stderr]) stream?.destroy();
  for (let i = 0; i < ROUNDS; i += 1) t.equal((await fetch(`${server.url}/session`)).status, 401);
  t.ok(await isRunning(server));
  t.equal((await server.stop()).code, 0);
});

t.test('it survives when Redis closes all connections, repeatedly, under load', async (t) => {
  const redis = await startRedis(t);
  const env = { REDIS_URL: redis.url, USERS_FILE: usersFile(t, ['ann']), LOGIN_RATE_MAX: '100000' };
  const server = await startServer(t, env);
  const statuses = new Set<number>();
  for (let i = 0; i < ROUNDS; i += 1) {
    const logins = Array.from({ length: 10 }, () => loginAt(server.url, 'ann'));
    for (const type of ['normal', 'pubsub']) await redis.client.call('CLIENT', 'KILL', 'TYPE', type, 'SKIPME', 'yes');
    for (const { status } of await Promise.all(logins)) statuses.add(status);
  }
  t.comment(statuses);
  t.same(
    [...statuses].filter((status) => status !== 200 && status !== 503),
    [],
  );
  t.ok(await isRunning(server));
  await until(async () => (await loginAt(server.url, 'ann')).status === 200);
});

t.test('it survives when the endpoint is not a Redis, and returns 503', async (t) => {
  const replies = ['HTTP/1.1 400 Bad Request\r\n\r\n', '\0\xff\r\n', '*1000000000\r\n', '$-5\r\n', '-ERR no\r\n', ''];
  let connections = 0;
  const nonsense = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => {
      const reply = replies[connections % replies.length] as string;
      connections += 1;
      if (reply === '') socket.resetAndDestroy();
      else socket.end(reply);
    });
  }).listen(0, '127.0.0.1');
  await once(nonsense, 'listening');
  t.teardown(() => nonsense.close());
  const { port } = nonsense.address() as AddressInfo;
  const server = await startServer(t, { REDIS_URL: `redis://127.0.0.1:${port}` });
  await until(() => connections > 2 * replies.length, 20_000);
  t.equal((await loginAt(server.url)).status, 503);
  t.ok(await isRunning(server));
});

t.test('it survives when clients reset connections at any byte of a request', async (t) => {
  const server = await startServer(t);
  const request =
    'POST /login HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 50\r\n\r\n{"user';
  const upgrade = 'GET /hello HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n';
  const many = 'GET /docs/json HTTP/1.1\r\nhost: x\r\n\r\n'.repeat(50);
  const sent = [...Array.from(request, (_, length) => request.slice(0, length)), upgrade, `${upgrade}x`, many];
  sent.push(
    'CONNECT x:1 HTTP/1.1\r\nhost: x\r\n\r\n',
    'GET / HTTP/1.1\r\nhost: x\r\nexpect: nonsense\r\n\r\n',
    'nonsense\r\n',
  );
  for (const bytes of sent) {
    const socket: Socket = connect(server.port, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.write(bytes, () => socket.resetAndDestroy());
    await once(socket, 'close');
  }
  t.ok(await isRunning(server));
  t.equal((await loginAt(server.url)).status, 200);
  t.notMatch(server.output.stdout, '"level":"error"');
});

t.test('it survives more connections than open files are allowed, and recovers when they close', async (t) => {
  const command = ['sh', '-c', `ulimit -n 300; exec ${process.execPath} src/server.ts`] as const;
  const server = await startServer(t, {}, { command });
  const sockets = Array.from({ length: 1000 }, () => connect(server.port, '127.0.0.1').on('error', () => undefined));
  await until(() => sockets.filter(({ closed }) => closed).length > 500);
  await pause(HELD_MS);
  for (const socket of sockets) socket.destroy();
  await until(() => isRunning(server).catch(() => false));
  t.equal((await loginAt(server.url)).status, 200);
  t.notMatch(server.output.stdout, /"level":"(error|fatal)"/);
});
