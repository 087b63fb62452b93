import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import t from 'tap';
import { freePort, startRedis } from '../support/redis.ts';
import { run } from '../support/run.ts';
import { startServer } from '../support/server.ts';

const SECRET = 'hush-hush-hush-hush-hush-hush-hush';

t.test('started with nothing set, it says what to do next, and that works', async (t) => {
  const server = await startServer(t);
  const { stdout, stderr } = server.output;
  t.match(stdout, `sessiond answers on ${server.url}`);
  t.match(stdout, /sessions live in +the memory of this process/);
  t.match(stdout, /who may log in +the user demo with the password demo-password/);
  t.match(stdout, `${server.url}/docs`);
  t.equal(stderr, '');
  t.equal((await fetch(`${server.url}/docs/json`)).status, 200);

  const lines = stdout.match(/^ {2}curl .*$/gm) ?? [];
  t.equal(lines.length, 3);
  const cwd = t.testdir();
  const answers = [];
  for (const line of lines) {
    answers.push(
      (await run('sh', ['-c', `${line} --silent --show-error --write-out '\n%{http_code}'`], { cwd })).stdout,
    );
  }
  t.match(answers[0], /"userId":"demo".*\n200$/s, 'the first logs in');
  t.match(answers[1], /"userId":"demo".*\n200$/s, 'the second shows the session');
  t.match(answers[2], /\n204$/, 'the third logs out');
});

t.test('it says which Redis and whose users, and no secret', async (t) => {
  const redis = await startRedis(t);
  const server = await startServer(t, {
    SESSION_SECRETS: SECRET,
    REDIS_URL: `redis://default:hush@127.0.0.1:${redis.port}`,
    CREDENTIALS_URL: 'http://name:hush@127.0.0.1:9/check',
  });
  t.match(server.output.stdout, `Redis at 127.0.0.1:${redis.port}`);
  t.match(server.output.stdout, 'the webhook at http://127.0.0.1:9');
  t.notMatch(server.output.stdout + server.output.stderr, /hush|demo/);
});

t.test('it is there quickly', async (t) => {
  const runs = [];
  for (let i = 0; i < 3; i += 1) runs.push((await startServer(t)).startedInMs);
  t.comment(`from spawn to listening: ${runs.map((ms) => ms.toFixed(0)).join(', ')} ms`);
  t.ok(Math.min(...runs) < 5000);
});

t.test('in production it writes JSON lines and nothing else', async (t) => {
  const redis = await startRedis(t);
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

t.test('what it can not start with is said in one message, exit code 1', async (t) => {
  const busy = createServer().listen(0, '127.0.0.1');
  await once(busy, 'listening');
  t.teardown(() => busy.close());
  const { port } = busy.address() as { port: number };
  const missing = join(t.testdir(), 'users');

  const cases: Record<string, { env: Record<string, string>; says: RegExp }> = {
    'bad settings': {
      env: { PORT: 'hush', SESSION_SECRETS: 'hush', REDIS_URL: 'hush', METRICS_TOKEN: 'hush' },
      says: /^sessiond can't start with these settings:\n {2}- PORT.*\n {2}- SESSION_S.*\n {2}- METRICS.*\n {2}- REDIS.*\n$/,
    },
    'URLs that can not be read': {
      env: { REDIS_URL: 'redis://name:hush@[', CREDENTIALS_URL: 'http://name:hush@[' },
      says: /^sessiond can't.*\n {2}- REDIS_URL.*\n {2}- CREDENTIALS_URL.*\n$/,
    },
    'nothing set in production': {
      env: { NODE_ENV: 'production' },
      says: /SESSION_SECRETS.*\n.*REDIS_URL.*\n.*USERS_FILE or CREDENTIALS_URL.*\n$/,
    },
    'a users file that is not there': {
      env: { USERS_FILE: missing, PORT: `${await freePort()}` },
      says: /^sessiond can't start with this USERS_FILE: .*users can't be read \(ENOENT\)\n$/,
    },
    'a port that is taken': {
      env: { PORT: `${port}` },
      says: /^sessiond can't listen on this HOST and PORT: .*in use 127\.0\.0\.1:\d+\n$/,
    },
  };
  for (const [what, { env, says }] of Object.entries(cases)) {
    t.test(what, async (t) => {
      const { code, stdout, stderr } = await run(process.execPath, ['src/server.ts'], { env });
      t.equal(code, 1);
      t.match(stderr, says);
      t.notMatch(stdout + stderr, /hush/);
    });
  }
});
