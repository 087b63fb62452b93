import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import t from 'tap';
import { ROOT } from './support/run.ts';

const FLOOR = '(floor)';

/** What each room of a folder may import from the others; `(floor)` are the files in the folder itself. */
const ROOMS: Record<string, Record<string, readonly string[]>> = {
  src: {
    session: [],
    config: ['http', 'stores'],
    http: ['session'],
    observability: ['config', 'session'],
    'device-binding': ['session'],
    stores: ['config', 'session'],
    credentials: ['config', 'http', 'observability', 'session', 'stores'],
    [FLOOR]: ['config', 'http', 'observability', 'session', 'stores'],
  },
  'src/stores/redis': {
    connection: [],
    layout: ['connection'],
    scripts: ['connection', 'layout'],
    coherence: ['connection'],
    limits: ['connection', 'scripts'],
    audit: ['connection', 'layout', 'scripts'],
    [FLOOR]: ['connection', 'layout', 'scripts', 'coherence'],
  },
};

/** The room of a file, by its path from the root of the project; `undefined` outside the folder. */
function roomOf(folder: string, path: string): string | undefined {
  if (!path.startsWith(`${folder}/`)) return undefined;
  const [room = '', ...rest] = path.slice(folder.length + 1).split('/');
  return rest.length === 0 ? FLOOR : room;
}

/** The imports of a file that go against `ROOMS`. */
function wrongImports(folder: string, path: string, code: string): string[] {
  const room = roomOf(folder, path) as string;
  return [...code.matchAll(/from '(\.[^']+)'/g)]
    .map(([, from]) =>
      relative(ROOT, join(ROOT, dirname(path), from as string))
        .split(sep)
        .join('/'),
    )
    .filter((target) => {
      const other = roomOf(folder, target);
      return other !== undefined && other !== room && ROOMS[folder]?.[room]?.includes(other) !== true;
    });
}

for (const [folder, rooms] of Object.entries(ROOMS)) {
  t.test(`the rooms of ${folder} import each other as listed`, (t) => {
    const paths = readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => `${folder}/${name}`);
    t.same(new Set(paths.map((path) => roomOf(folder, path))), new Set(Object.keys(rooms)), 'every room is listed');
    for (const path of paths) t.same(wrongImports(folder, path, readFileSync(join(ROOT, path), 'utf8')), [], path);
    t.end();
  });
}

t.test('an import against that direction is found', (t) => {
  const redis = 'src/stores/redis';
  const found = (path: string, from: string) => wrongImports(redis, `${redis}/${path}`, `import { a } from '${from}';`);
  t.same(found('connection/a.ts', '../layout/keys.ts'), [`${redis}/layout/keys.ts`]);
  t.same(found('scripts/a.ts', '../store.ts'), [`${redis}/store.ts`]);
  t.same(found('store.ts', './audit/audit.ts'), [`${redis}/audit/audit.ts`]);
  t.same(found('a.ts', './layout/keys.ts'), []);
  t.same(wrongImports('src', 'src/http/a.ts', "import type { B } from '../stores/cached.ts';"), [
    'src/stores/cached.ts',
  ]);
  t.same(wrongImports('src', 'src/http/a.ts', "import { b } from '../config/load.ts';"), ['src/config/load.ts']);
  t.end();
});

t.test('one file reads process.env', (t) => {
  const sources = ['src', 'plugins', 'routes'].flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => `${folder}/${name}`),
  );
  const readers = sources.filter((path) => /\bprocess\.env\b(?!`)/.test(readFileSync(join(ROOT, path), 'utf8')));
  t.same(readers, ['src/config/environment.ts']);
  t.end();
});
