import { once } from 'node:events';
import { Agent, request, type ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { SECRET } from '../support/build.ts';
import { freePort, startRedis } from '../support/redis.ts';
import { loginAt, startServer } from '../support/server.ts';
import { until } from '../support/until.ts';
import { startWebhook } from '../support/webhook.ts';

const CLIENTS = 40;
const THINK_MS = 10;

/** Starts a service with one login in flight, which completes when `answer` makes the webhook respond. */
async function startWithLogin(t: Test, env: Record<string, string> = {}) {
  const waiting: ServerResponse[] = [];
  const { host } = await startWebhook(t, (response) => void waiting.push(response));
  const server = await startServer(t, { CREDENTIALS_URL: `http://${host}`, ...env });
  const login = loginAt(server.url, 'ann');
  login.catch(() => undefined);
  await until(() => waiting.length === 1);
  return { server, login, answer: () => waiting[0]?.end('{"userId":"ann"}') };
}

t.test('after SIGTERM new connections are refused and a login in flight completes', async (t) => {
  const { server, login, answer } = await startWithLogin(t);
  const stopped = server.stop();
  await until(() =>
    fetch(`${server.url}/healthz`, { headers: { connection: 'close' } }).then(
      () => false,
      () => true,
    ),
  );
  answer();
  t.equal((await login).status, 200);
  t.match(await (await login).json(), { userId: 'ann' });
  t.equal((await stopped).code, 0);
});

t.test('after SIGTERM in production /readyz is 503 while requests are still served', async (t) => {
  const redis = await startRedis(t);
  const { server, login, answer } = await startWithLogin(t, {
    NODE_ENV: 'production',
    SESSION_SECRETS: SECRET,
    REDIS_URL: redis.url,
    SHUTDOWN_GRACE_SECONDS: '5',
  });
  t.equal((await fetch(`${server.url}/readyz`)).status, 200);
  const stopped = server.stop();
  await until(async () => (await fetch(`${server.url}/readyz`)).status === 503);
  const { status, headers } = await fetch(`${server.url}/healthz`);
  t.equal(status, 200);
  t.equal(headers.get('connection'), 'close', 'clients reconnect, to another process');
  answer();
  t.equal((await login).status, 200);
  const { code, elapsedMs } = await stopped;
  t.equal(code, 0);
  t.ok(elapsedMs < 5000, 'within the grace period');
});

t.test('SIGTERM under load outside production: clients on keep-alive connections lose no request', async (t) => {
  const server = await startServer(t);
  const answered = { requests: 0, afterSignal: 0 };
  let signalled = false;
  const failures: string[] = [];

  /** Sends requests on one connection until a response closes it. */
  async function client(): Promise<void> {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    for (let isOpen = true; isOpen; ) {
      await pause(THINK_MS);
      try {
        const outgoing = request({ host: '127.0.0.1', port: server.port, path: '/hello', agent }).end();
        const [response] = await once(outgoing, 'response');
        await text(response);
        answered.requests += 1;
        if (signalled) answered.afterSignal += 1;
        isOpen = response.headers.connection !== 'close';
      } catch (error) {
        failures.push((error as NodeJS.ErrnoException).code ?? String(error));
        isOpen = false;
      }
    }
    agent.destroy();
  }

  const clients = Array.from({ length: CLIENTS }, client);
  await until(() => answered.requests > 10 * CLIENTS);
  signalled = true;
  const { code, elapsedMs } = await server.stop();
  await Promise.all(clients);
  t.same(failures, []);
  t.ok(answered.afterSignal >= CLIENTS, 'every connection was closed by a response');
  t.equal(code, 0);
  t.ok(elapsedMs < 2000, `${elapsedMs.toFixed(0)} ms`);
});

t.test('requests that exceed SHUTDOWN_GRACE_SECONDS are cut off, and the exit code is 1', async (t) => {
  const { server, login } = await startWithLogin(t, { SHUTDOWN_GRACE_SECONDS: '1' });
  const { code, elapsedMs } = await server.stop();
  t.equal(code, 1);
  t.ok(elapsedMs > 900 && elapsedMs < 3000, `${elapsedMs.toFixed(0)} ms`);
  await t.rejects(login);
});

t.test('a connection without any request does not delay the exit', async (t) => {
  const server = await startServer(t);
  const socket = connect(server.port, '127.0.0.1');
  socket.on('error', () => undefined);
  t.teardown(() => socket.destroy());
  await once(socket, 'connect');
  t.equal((await fetch(`${server.url}/healthz`)).status, 200, 'the service has accepted the connection');
  const { code, elapsedMs } = await server.stop();
  t.equal(code, 0);
  t.ok(elapsedMs < 3000, `${elapsedMs.toFixed(0)} ms`);
});

t.test('an idle keep-alive connection does not delay the exit', async (t) => {
  const server = await startServer(t);
  const socket = connect(server.port, '127.0.0.1');
  t.teardown(() => socket.destroy());
  socket.write('GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n');
  const [answer] = await once(socket, 'data');
  t.match(String(answer), /^HTTP\/1\.1 200/);
  const { code, elapsedMs } = await server.stop();
  t.equal(code, 0);
  t.ok(elapsedMs < 3000, `${elapsedMs.toFixed(0)} ms`);
});

t.test('SIGINT stops it too', async (t) => {
  const server = await startServer(t);
  server.process.kill('SIGINT');
  await once(server.process, 'exit');
  t.equal(server.process.exitCode, 0);
});

t.test('it starts and stops while Redis is frozen or unreachable', async (t) => {
  const redis = await startRedis(t);
  const connected = await startServer(t, { REDIS_URL: redis.url });
  t.equal((await loginAt(connected.url)).status, 200);
  redis.process.kill('SIGSTOP');
  t.teardown(() => redis.process.kill('SIGCONT'));
  const frozen = await startServer(t, { REDIS_URL: redis.url });
  const away = await startServer(t, { REDIS_URL: `redis://127.0.0.1:${await freePort()}` });
  for (const [what, server] of Object.entries({ connected, frozen, away })) {
    t.equal((await fetch(`${server.url}/healthz`)).status, 200, `${what}: alive`);
    t.equal((await fetch(`${server.url}/readyz`)).status, 503, `${what}: not ready`);
    t.ok(server.startedInMs < 5000, `${what}: started in ${server.startedInMs.toFixed(0)} ms`);
    const { code, elapsedMs } = await server.stop();
    t.equal(code, 0, `${what}: ended`);
    t.ok(elapsedMs < 3000, `${what}: within ${elapsedMs.toFixed(0)} ms`);
  }
});
