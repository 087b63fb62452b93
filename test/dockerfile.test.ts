import { existsSync } from 'node:fs';
import { cp, readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import t from 'tap';
import packageJson from '../package.json' with { type: 'json' };
import { SECRET } from './support/build.ts';
import { folderOf } from './support/proxy.ts';
import { startRedis } from './support/redis.ts';
import { ROOT, run } from './support/run.ts';
import { scryptHash } from './support/scrypt.ts';
import { loginAt, startServer } from './support/server.ts';

const text = await readFile(join(ROOT, 'Dockerfile'), 'utf8');

/** The arguments of every instruction of a kind, one string per instruction. */
const instructions = (kind: string): string[] =>
  text
    .replaceAll('\\\n', ' ')
    .split('\n')
    .filter((line) => line.startsWith(`${kind} `))
    .map((line) => line.slice(kind.length + 1).trim());

const [command] = instructions('CMD').map((json) => JSON.parse(json) as string[]);
const env = Object.fromEntries(
  instructions('ENV').flatMap((line) => line.split(' ').map((pair) => pair.split('=') as [string, string])),
);
const copies = instructions('COPY').map((line) => {
  const names = line.split(' ');
  return { sources: names.slice(0, -1), target: names.at(-1) as string };
});

t.test('the image has the Node version of the tests, a user other than root, and NODE_ENV=production', async (t) => {
  const [major, minor] = packageJson.devDependencies.node.split('.');
  t.same(instructions('FROM'), [`node:${major}.${minor}-slim`]);
  t.same(instructions('USER'), ['node']);
  t.same(env, { NODE_ENV: 'production', HOST: '0.0.0.0', PORT: '3000' });
});

t.test('.dockerignore admits exactly what the Dockerfile copies', async (t) => {
  const lines = (await readFile(join(ROOT, '.dockerignore'), 'utf8')).split('\n').filter((line) => /^[^#]/.test(line));
  t.same(lines, ['*', ...copies.flatMap(({ sources }) => sources.map((source) => `!${source}`))]);
});

t.test('the contents of the image start, pass the health check and log a user in', async (t) => {
  // Outside the repository, whose node_modules Node would find.
  const image = await folderOf(t, 'image');
  for (const { sources, target } of copies) {
    for (const source of sources) {
      const path = target === './' ? join(image, basename(source)) : join(image, target);
      await cp(join(ROOT, source), path, { recursive: true });
    }
  }
  const [install = ''] = (instructions('RUN')[0] ?? '').split(' && ');
  t.match(install, /^npm ci .*--ignore-scripts/);
  const installed = await run('sh', ['-c', install], { cwd: image, env: process.env, timeoutMs: 100_000 });
  t.equal(installed.code, 0, installed.stderr);

  const has = (name: string) => existsSync(join(image, 'node_modules', name));
  t.same(
    Object.keys(packageJson.dependencies).filter((name) => !has(name)),
    [],
    'every dependency is installed',
  );
  t.same(Object.keys(packageJson.devDependencies).filter(has), [], 'no devDependency is installed');

  const redis = await startRedis(t);
  const users = join(image, 'users');
  await writeFile(users, `ann:${scryptHash('ann-password')}\n`);
  const [program = '', ...args] = command ?? [];
  t.equal(program, 'node');
  const server = await startServer(
    t,
    { ...env, SESSION_SECRETS: SECRET, REDIS_URL: redis.url, USERS_FILE: users, SHUTDOWN_GRACE_SECONDS: '1' },
    { command: [process.execPath, ...args], cwd: image },
  );
  const response = await loginAt(server.url, 'ann');
  t.equal(response.status, 200);
  t.match(await response.json(), { userId: 'ann' });

  const onTerminal = ['script', '--quiet', '--command', [process.execPath, ...args].join(' '), '/dev/null'] as const;
  const { output } = await startServer(t, { SHELL: '/bin/sh' }, { command: onTerminal, cwd: image });
  t.match(output.stdout, '"msg":"listening', 'a terminal gets JSON where pino-pretty is not installed');

  const [, check = ''] = (instructions('HEALTHCHECK')[0] ?? '').split('CMD ');
  const [, ...checkArgs] = JSON.parse(check) as string[];
  const healthy = () => run(process.execPath, checkArgs, { env: { PORT: `${server.port}` } });
  t.equal((await healthy()).code, 0, 'the health check passes');
  t.equal((await server.stop()).code, 0);
  t.equal((await healthy()).code, 1, 'the health check fails when the service is stopped');
});
