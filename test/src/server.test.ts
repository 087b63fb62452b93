import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { freePort, startRedis } from '../support/redis.ts';
import { run } from '../support/run.ts';
import { type ServerProcess, startServer } from '../support/server.ts';
import { until } from '../support/until.ts';

const SECRET = 'hush-hush-hush-hush-hush-hush-hush';

/** Starts the service and waits for the welcome message, which follows the log line about listening. */
async function startWithWelcome(t: Test, env: Record<string, string> = {}): Promise<ServerProcess> {
  const server = await startServer(t, env);
  await until(() => server.output.stdout.includes('/logout\n'));
  return server;
}

t.test('without settings, the welcome message has commands to try, and they work', async (t) => {
  const server = await startWithWelcome(t);
  const { stdout, stderr } = server.output;
  t.match(stdout, `sessiond listens on ${server.url}`);
  t.match(stdout, /sessions kept in +the memory of this process/);
  t.match(stdout, /who may log in +the user demo with the password demo-password/);
  t.match(stdout, `${server.url}/docs`);
  t.equal(stderr, '');
  t.equal((await fetch(`${server.url}/docs/json`)).status, 200);

  t.same(stdout.match(/listening/gi), ['listening'], 'one log line');

  const lines = stdout.match(/^ {2}curl .*$/gm) ?? [];
  t.equal(lines.length, 3);
  const cwd = t.testdir();
  const outputs = [];
  for (const line of lines) {
    outputs.push(
      (await run('sh', ['-c', `${line} --silent --show-error --write-out '\n%{http_code}'`], { cwd })).stdout,
    );
  }
  t.match(outputs[0], /"userId":"demo".*\n200$/s, 'log in');
  t.match(outputs[1], /"userId":"demo".*\n200$/s, 'read the session');
  t.match(outputs[2], /\n204$/, 'log out');
});

t.test('the welcome message names Redis and the source of users, and contains no secrets', async (t) => {
  const redis = await startRedis(t);
  const server = await startWithWelcome(t, {
    SESSION_SECRETS: SECRET,
    REDIS_URL: `redis://default:hush@127.0.0.1:${redis.port}`,
    CREDENTIALS_URL: 'http://name:hush@127.0.0.1:9/check',
  });
  t.match(server.output.stdout, `Redis at 127.0.0.1:${redis.port}`);
  t.match(server.output.stdout, 'the webhook at http://127.0.0.1:9');
  t.notMatch(server.output.stdout + server.output.stderr, /hush|demo/);
});

t.test('it starts within 5 s', async (t) => {
  const runs = [];
  for (let i = 0; i < 3; i += 1) runs.push((await startServer(t)).startedInMs);
  t.comment(`from spawn to listening: ${runs.map((ms) => ms.toFixed(0)).join(', ')} ms`);
  t.ok(Math.min(...runs) < 5000);
});

t.test('in production the output is JSON lines only', async (t) => {
  const redis = await startRedis(t, ['--appendonly', 'yes']);
  const server = await startServer(t, {
    NODE_ENV: 'production',
    SESSION_SECRETS: SECRET,
    REDIS_URL: redis.url,
    CREDENTIALS_URL: 'http://127.0.0.1:9',
    SHUTDOWN_GRACE_SECONDS: '1',
  });
  t.equal((await fetch(`${server.url}/readyz`)).status, 200);
  t.equal((await server.stop()).code, 0);
  const lines = server.output.stdout.trimEnd().split('\n');
  t.ok(lines.length > 2);
  for (const line of lines) t.match(JSON.parse(line), { level: 'info', time: /^\d{4}-.*Z$/, msg: String });
  t.equal(server.output.stderr, '');
});

t.test('a failure to start is reported in one message, with exit code 1', async (t) => {
  const busy = createServer().listen(0, '127.0.0.1');
  await once(busy, 'listening');
  t.teardown(() => busy.close());
  const { port } = busy.address() as { port: number };
  const missing = join(t.testdir(), 'users');

  const cases: Record<string, { env: Record<string, string>; expected: RegExp }> = {
    'invalid settings': {
      env: { PORT: 'hush', SESSION_SECRETS: 'hush', REDIS_URL: 'hush', METRICS_TOKEN: 'hush' },
      expected:
        /^sessiond can't start with these settings:\n {2}- PORT.*\n {2}- SESSION_S.*\n {2}- METRICS.*\n {2}- REDIS.*\n$/,
    },
    'invalid URLs': {
      env: { REDIS_URL: 'redis://name:hush@[', CREDENTIALS_URL: 'http://name:hush@[' },
      expected: /^sessiond can't.*\n {2}- REDIS_URL.*\n {2}- CREDENTIALS_URL.*\n$/,
    },
    'missing settings in production': {
      env: { NODE_ENV: 'production' },
      expected: /SESSION_SECRETS.*\n.*REDIS_URL.*\n.*USERS_FILE or CREDENTIALS_URL.*\n$/,
    },
    'a missing users file': {
      env: { USERS_FILE: missing, PORT: `${await freePort()}` },
      expected: /^sessiond can't start with this USERS_FILE: .*users can't be read \(ENOENT\)\n$/,
    },
    'a port in use': {
      env: { PORT: `${port}` },
      expected: /^sessiond can't listen on this HOST and PORT: .*in use 127\.0\.0\.1:\d+\n$/,
    },
  };
  for (const [what, { env, expected }] of Object.entries(cases)) {
    t.test(what, async (t) => {
      const { code, stdout, stderr } = await run(process.execPath, ['src/server.ts'], { env });
      t.equal(code, 1);
      t.match(stderr, expected);
      t.notMatch(stdout + stderr, /hush/);
    });
  }
});
