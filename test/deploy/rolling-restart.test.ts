import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { SECRET } from '../support/build.ts';
import { startEchoApp } from '../support/echo-app.ts';
import { folderOf, startProxy } from '../support/proxy.ts';
import { freePort, startRedis } from '../support/redis.ts';
import { ROOT } from '../support/run.ts';
import { type ServerProcess, startServer } from '../support/server.ts';
import { until } from '../support/until.ts';
import { passwordOf, usersFile } from '../support/users.ts';

const PODS = 3;
const CLIENTS = 20;
// A pause between requests, so that the load does not saturate the machine and connections become idle.
const THINK_MS = 20;
const HAPROXY = join(ROOT, 'deploy/proxies/haproxy');
const NAMES = Array.from({ length: CLIENTS }, (_, number) => `user${number}`);

t.setTimeout(90_000);

t.test('a rolling restart behind HAProxy fails no request and repeats none', async (t) => {
  const [redis, app] = await Promise.all([startRedis(t), startEchoApp(t)]);
  const env = {
    NODE_ENV: 'production',
    SESSION_SECRETS: SECRET,
    REDIS_URL: redis.url,
    USERS_FILE: usersFile(t, NAMES),
    LOGIN_RATE_MAX: '100000',
    LOGIN_RATE_MAX_PER_ADDRESS: '100000',
    TRUST_PROXY: 'loopback',
  };
  const ports = await Promise.all(Array.from({ length: PODS }, freePort));
  const start = (port: number) => startServer(t, env, { port });
  const pods = await Promise.all(ports.map(start));
  const all = [...pods];
  const proxy = await startHaproxy(t, ports, app.address);

  const load = startLoad(proxy);
  await until(() => load.done.requests > 500, 20_000);
  for (const [index, pod] of pods.entries()) {
    const { code } = await pod.stop();
    t.equal(code, 0, `pod ${index + 1} exits with 0`);
    const again = await start(pod.port);
    all.push(again);
    await until(() => isInUse(again), 10_000);
  }
  await load.stop();

  t.comment(`${load.done.requests} requests, ${load.done.logins} of them logins`);
  for (const { output } of all) t.notMatch(output.stdout, /"level":"(error|fatal)"/);
  t.same(load.failures, []);
  t.ok(load.done.requests > 1000);
});

/** Starts HAProxy with the shipped configuration and one server line per pod. */
async function startHaproxy(t: Test, ports: readonly number[], app: string): Promise<number> {
  const shipped = await readFile(join(HAPROXY, 'haproxy.cfg'), 'utf8');
  const text = shipped.replace(/^( *server pod)1 "\$\{SESSIOND\}"(?: track verify\/pod1)?$/gm, (line) =>
    ports
      .map((port, index) => line.replaceAll('pod1', `pod${index + 1}`).replace(/"\$\{SESSIOND\}"/, `127.0.0.1:${port}`))
      .join('\n'),
  );
  const folder = await folderOf(t, 'haproxy');
  const file = join(folder, 'haproxy.cfg');
  await writeFile(file, text);
  const port = await freePort();
  const listen = `127.0.0.1:${port}`;
  await startProxy(t, { listen, sessiond: [], app }, ['haproxy', '-db', '-C', HAPROXY, '-f', file], {
    LISTEN: listen,
    APP: app,
  });
  return port;
}

/** Whether HAProxy sends verification requests to a pod. */
async function isInUse({ url }: ServerProcess): Promise<boolean> {
  const metrics = await (await fetch(`${url}/metrics`)).text();
  return /^http_request_duration_seconds_count\{.*route="\/verify.*\} [1-9]/m.test(metrics);
}

/** Starts users who repeatedly log in, work and log out, each on a keep-alive connection of its own. */
function startLoad(port: number) {
  const done = { requests: 0, logins: 0 };
  const failures: string[] = [];
  let stopping = false;

  async function user(name: string): Promise<void> {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    let cookie = '';
    let changes = 0;

    async function ask(method: string, path: string, expected: number, json?: object): Promise<string> {
      const outgoing = request({
        port,
        host: '127.0.0.1',
        method,
        path,
        agent,
        headers: { cookie, ...(json && { 'content-type': 'application/json' }) },
      });
      outgoing.end(json && JSON.stringify(json));
      const [incoming] = await once(outgoing, 'response');
      const body = await text(incoming);
      if (incoming.statusCode !== expected) throw new Error(`${incoming.statusCode} ${body}`);
      cookie = incoming.headers['set-cookie']?.[0]?.split(';', 1)[0] ?? cookie;
      return body;
    }

    const steps: [string, () => Promise<unknown>][] = [
      [
        'change',
        async () => {
          const body = await ask('PATCH', '/session', 200, { increment: { changes: 1 } });
          changes += 1;
          const stored = JSON.parse(body).metadata.changes;
          if (stored !== changes) throw new Error(`${stored} changes instead of ${changes}`);
        },
      ],
      ['use the app', () => ask('GET', '/page', 200)],
      ['renew', () => ask('POST', '/session/renew', 200)],
      ['read', () => ask('GET', '/session', 200)],
      ['send to the app', () => ask('POST', '/form', 200, { text: 'hello' })],
    ];
    while (!stopping) {
      changes = 0;
      await tryTo('log in', async () => {
        await ask('POST', '/login', 200, { username: name, password: passwordOf(name) });
        done.logins += 1;
      });
      for (let round = 0; round < 5; round += 1) for (const [what, step] of steps) await tryTo(what, step);
      await tryTo('log out', () => ask('POST', '/logout', 204));
    }
    agent.destroy();
  }

  async function tryTo(what: string, step: () => Promise<unknown>): Promise<void> {
    done.requests += 1;
    await pause(THINK_MS);
    await step().catch((error: Error) => failures.push(`${what}: ${error.message}`));
  }

  const users = NAMES.map(user);
  return {
    done,
    failures,
    async stop() {
      stopping = true;
      await Promise.all(users);
    },
  };
}
