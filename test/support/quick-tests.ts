// Prints the test files that start no server (Redis, proxy, browser, sessiond itself), for `npm run check`.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { ROOT } from './run.ts';

/** Who imports one of these, directly or not, starts servers. */
const STARTERS = ['redis', 'browser', 'proxy'].map((name) => join(ROOT, 'test/support', `${name}.ts`));

/** Files that start a program by themselves. */
const SLOW = new Set(['test/dockerfile.test.ts', 'test/bench.test.ts']);

/** The test files that start no server, as paths from the root of the project. */
export function quickTests(): string[] {
  const imports = new Map<string, ReadonlySet<string>>();
  return readdirSync(join(ROOT, 'test'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => join(ROOT, 'test', name))
    .filter((path) => !STARTERS.some((starter) => reached(path, imports).has(starter)))
    .map((path) => relative(ROOT, path))
    .filter((path) => !SLOW.has(path))
    .sort();
}

/** All files of the tests that a file imports, directly or not. */
function reached(path: string, known: Map<string, ReadonlySet<string>>): ReadonlySet<string> {
  const before = known.get(path);
  if (before !== undefined) return before;
  const found = new Set<string>();
  known.set(path, found);
  for (const [, from] of readFileSync(path, 'utf8').matchAll(/from '(\.[^']+\.ts)'/g)) {
    const target = join(dirname(path), from as string);
    if (!target.startsWith(join(ROOT, 'test'))) continue;
    found.add(target);
    for (const further of reached(target, known)) found.add(further);
  }
  return found;
}

if (import.meta.main) console.log(quickTests().join('\n'));
