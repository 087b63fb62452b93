import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import t from 'tap';
import { ROOT } from './support/run.ts';

const REDIS = 'src/stores/redis';
const FLOOR = '(floor)';

/** What each room of the Redis store may import from the others; `(floor)` is the store itself. */
const ROOMS: Record<string, readonly string[]> = {
  connection: [],
  layout: ['connection'],
  scripts: ['connection', 'layout'],
  coherence: ['connection'],
  limits: ['connection', 'scripts'],
  audit: ['connection', 'layout', 'scripts'],
  [FLOOR]: ['connection', 'layout', 'scripts', 'coherence'],
};

/** The room of a file, by its path from the root of the project; `undefined` outside the Redis store. */
function roomOf(path: string): string | undefined {
  if (!path.startsWith(`${REDIS}/`)) return undefined;
  const [room = '', ...rest] = path.slice(REDIS.length + 1).split('/');
  return rest.length === 0 ? FLOOR : room;
}

/** The imports of a file that go against `ROOMS`. */
function wrongImports(path: string, code: string): string[] {
  const room = roomOf(path) as string;
  return [...code.matchAll(/from '(\.[^']+)'/g)]
    .map(([, from]) =>
      relative(ROOT, join(ROOT, dirname(path), from as string))
        .split(sep)
        .join('/'),
    )
    .filter((target) => {
      const other = roomOf(target);
      return other !== undefined && other !== room && ROOMS[room]?.includes(other) !== true;
    });
}

t.test('the rooms of the Redis store import each other in one direction', (t) => {
  const files = readdirSync(join(ROOT, REDIS), { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.ts'),
  );
  t.same(new Set(files.map((name) => roomOf(`${REDIS}/${name}`))), new Set(Object.keys(ROOMS)), 'every room is listed');
  for (const name of files) {
    const path = `${REDIS}/${name}`;
    t.same(wrongImports(path, readFileSync(join(ROOT, path), 'utf8')), [], path);
  }
  t.end();
});

t.test('an import against that direction is found', (t) => {
  t.same(wrongImports(`${REDIS}/connection/a.ts`, "import { b } from '../layout/keys.ts';"), [
    `${REDIS}/layout/keys.ts`,
  ]);
  t.same(wrongImports(`${REDIS}/scripts/a.ts`, "import type { B } from '../store.ts';"), [`${REDIS}/store.ts`]);
  t.same(wrongImports(`${REDIS}/store.ts`, "import { b } from './audit/audit.ts';"), [`${REDIS}/audit/audit.ts`]);
  t.same(wrongImports(`${REDIS}/a.ts`, "import { b } from './layout/keys.ts';"), []);
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
