import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import t, { type Test } from 'tap';
import { ROOT, run } from './support/run.ts';

/** Writes these files into a project with our rules, and answers what Biome says of each. */
async function lint(t: Test, files: Record<string, string>): Promise<Map<string, string>> {
  const project = await mkdtemp(join(tmpdir(), 'sessiond-lint-'));
  t.teardown(() => rm(project, { recursive: true }));
  await copyFile(join(ROOT, 'biome.json'), join(project, 'biome.json'));
  for (const [path, from] of Object.entries(files)) {
    await mkdir(dirname(join(project, path)), { recursive: true });
    await writeFile(join(project, path), `import * as it from '${from}';\n\nconsole.log(it);\n`);
  }
  const { stdout } = await run('biome', ['lint', '--reporter=json', '--max-diagnostics=none', '.'], { cwd: project });
  const { diagnostics } = JSON.parse(stdout) as { diagnostics: Diagnostic[] };
  return new Map(diagnostics.map(({ location, category, message }) => [location.path, `${category}: ${message}`]));
}

interface Diagnostic {
  readonly category: string;
  readonly message: string;
  readonly location: { readonly path: string };
}

const CORE = 'The session core imports node:crypto and itself, nothing else.';
const BELOW = 'src knows neither plugins nor routes; it is what they are made of.';
const FASTIFY = 'Only app.ts and server.ts know Fastify.';
const ROUTES = 'Routes meet plugins at decorators, and never a store.';

const refused: [path: string, from: string, message: string][] = [
  ['src/session/a.ts', 'node:fs', CORE],
  ['src/session/b.ts', 'fastify', CORE],
  ['src/session/c.ts', 'ioredis', CORE],
  ['src/session/d.ts', '../config/load.ts', CORE],
  ['src/session/e.ts', '../stores/memory/store.ts', CORE],
  ['src/a.ts', '../plugins/session.ts', BELOW],
  ['src/b.ts', '../routes/login/index.ts', BELOW],
  ['src/stores/redis/a.ts', 'fastify', FASTIFY],
  ['src/stores/redis/b.ts', 'fastify-plugin', FASTIFY],
  ['routes/a/index.ts', '../../plugins/session.ts', ROUTES],
  ['routes/b/index.ts', '../../src/stores/memory/store.ts', ROUTES],
  ['routes/c/index.ts', 'ioredis', ROUTES],
  ['routes/d/e/index.ts', '@fastify/redis', ROUTES],
];

t.test('an import against the arrows is an error that says why', async (t) => {
  const said = await lint(t, Object.fromEntries(refused));
  for (const [path, from, message] of refused) {
    t.equal(said.get(path), `lint/style/noRestrictedImports: ${message}`, `${path} may not import ${from}`);
  }
});

t.test('an import along the arrows is none', async (t) => {
  const said = await lint(t, {
    'src/session/a.ts': 'node:crypto',
    'src/session/b.ts': './store.ts',
    'src/stores/a.ts': '../session/store.ts',
    'src/stores/b.ts': 'ioredis',
    'src/app.ts': 'fastify',
    'routes/a/index.ts': '../../src/session/session.ts',
    'plugins/a.ts': '../src/stores/memory/store.ts',
  });
  t.same([...said], []);
});

t.test('the code as it is keeps to that', async (t) => {
  const { code, stdout, stderr } = await run('biome', ['lint', 'src', 'plugins', 'routes']);
  t.equal(code, 0, stdout + stderr);
});
