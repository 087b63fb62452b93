import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { ROOT, run } from '../../support/run.ts';

const MODULE = join(ROOT, 'src/observability/keep-tick-maps.ts');

/** Prints the CPU time of `process.nextTick`, nanoseconds a call, after a full garbage collection. */
const probe = (beforehand: string) => `
  const drain = () => new Promise((resolve) => setImmediate(resolve));
  async function ticks(rounds) {
    for (let round = 0; round < rounds; round += 1) {
      for (let i = 0; i < 1000; i += 1) process.nextTick(() => {});
      await drain();
    }
  }
  ${beforehand}
  // Too few calls for the compiler, which would keep the maps as well.
  for (let i = 0; i < 10; i += 1) process.nextTick(() => {});
  await drain();
  gc();
  await ticks(200);
  const before = process.cpuUsage();
  await ticks(200);
  const { user, system } = process.cpuUsage(before);
  console.log((user + system) / 200);`;

async function nanoseconds(beforehand: string): Promise<number> {
  const { code, stdout, stderr } = await run('node', ['--expose-gc', '--input-type=module', '-e', probe(beforehand)]);
  if (code !== 0) throw new Error(stderr);
  return Number(stdout);
}

t.test('a full garbage collection does not slow down process.nextTick', async (t) => {
  // Of a few runs the slowest: whether a collection clears the maps is not certain, that it never does is the point.
  const slowest = async (beforehand: string) =>
    Math.max(await nanoseconds(beforehand), await nanoseconds(beforehand), await nanoseconds(beforehand));
  const without = await slowest('');
  const kept = await slowest(`globalThis.kept = await import(${JSON.stringify(MODULE)});`);
  t.comment(`${kept} ns a call, ${without} ns without`);
  t.ok(kept < without * 0.6, `${kept} ns a call, ${without} ns without`);
});

t.test('the server imports it before everything else', async (t) => {
  const code = await readFile(join(ROOT, 'src/server.ts'), 'utf8');
  t.match(code, /^import '\.\/observability\/keep-tick-maps\.ts';\n/m);
  t.equal(code.indexOf('import '), code.indexOf("import './observability/keep-tick-maps.ts'"));
});
