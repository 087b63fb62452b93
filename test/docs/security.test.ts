import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { loadConfig } from '../../src/config/load.ts';
import { ROOT } from '../support/run.ts';

const POINTS = 64;
const text = await readFile(join(ROOT, 'docs', 'security.md'), 'utf8');
const rows = [...text.matchAll(/^\| +(\d+) +\|(.*)\|(.*)\|(.*)\|$/gm)].map(([, point, , answer, shown]) => ({
  point: Number(point),
  answer: (answer as string).trim(),
  shown: (shown as string).trim(),
}));

t.test('every point is answered, in the order of the checklist', async (t) => {
  t.same(
    rows.map(({ point }) => point),
    Array.from({ length: POINTS }, (_, at) => at + 1),
  );
});

for (const { point, answer, shown } of rows) {
  t.test(`point ${point} says whether it is met, and links the test that shows it`, async (t) => {
    const [, verdict] = /^(Yes|Partly|Deployment|Not built|Not here)\b/.exec(answer) ?? [];
    t.ok(verdict, `answers: ${answer}`);
    if (verdict === 'Yes' || verdict === 'Partly') t.match(shown, /\]\(\.\.\/test\/[^)]+\.test\.ts\)/);
  });
}

t.test('the documented timeouts are those of the settings', async (t) => {
  const { config } = loadConfig({});
  const defaults = new Map(
    [...text.matchAll(/^\| `([A-Z_]+)` +\| (\S+ \S+) +\|/gm)].map(([, name, value]) => [name, value]),
  );
  const units: Record<string, number> = { s: 1, min: 60, h: 3600 };
  t.equal(defaults.size, 4);
  for (const [name, value] of defaults) {
    const [count, unit] = (value as string).split(' ') as [string, string];
    t.equal(Number(count) * (units[unit] as number), config[name as 'SESSION_IDLE_SECONDS'], `${name}`);
  }
});

t.test('README.md links to it', async (t) => {
  t.match(await readFile(join(ROOT, 'README.md'), 'utf8'), '(docs/security.md)');
});
