import { readdirSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import t, { type Test } from 'tap';
import { hashPassword } from '../../../src/credentials/password.ts';
import { createPasswordChecks } from '../../../src/credentials/password-checks.ts';

const phcString = await hashPassword('secret');

function start(t: Test) {
  const checks = createPasswordChecks();
  t.teardown(checks.close);
  return checks;
}

/** The nice values of the threads of this process; proc_pid_stat(5), field 19. */
function niceValues(): number[] {
  const stats = readdirSync('/proc/self/task').map((thread) => readFileSync(`/proc/self/task/${thread}/stat`, 'utf8'));
  return stats.map((stat) => Number(stat.slice(stat.lastIndexOf(')')).split(' ')[17]));
}

t.test('checks run in as many threads as there are cores, at a lower priority', async (t) => {
  const checks = start(t);
  const before = niceValues();
  const results = await Promise.all(
    Array.from({ length: 20 }, (_, i) => checks.verify(phcString, i % 2 === 0 ? 'secret' : 'wrong')),
  );
  t.same(results, Array(10).fill([true, false]).flat());
  const lower = niceValues().filter((nice) => nice > Math.max(...before));
  t.equal(lower.length >= Math.min(4, availableParallelism()), true, `${niceValues()}`);
  t.equal(niceValues().filter((nice) => nice === before[0]).length >= before.length, true, 'the others keep theirs');
});

t.test('the event loop stays free while passwords are checked', async (t) => {
  const checks = start(t);
  await checks.verify(phcString, 'secret');
  let turns = 0;
  const timer = setInterval(() => (turns += 1), 1);
  await Promise.all(Array.from({ length: 20 }, () => checks.verify(phcString, 'secret')));
  clearInterval(timer);
  t.ok(turns > 10, `${turns}`);
});

t.test('checks beyond those that may wait are refused, and those before them are made', async (t) => {
  const checks = start(t);
  const cheap = '$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$TmVnzcAyKA3LWzVN/vLYGrVHwJMWDlGhCU3wRxVfYLY';
  const results = await Promise.allSettled(Array.from({ length: 300 }, () => checks.verify(cheap, 'x')));
  const refused = results.filter(({ status }) => status === 'rejected');
  t.ok(refused.length > 0 && refused.length <= 100, `${refused.length}`);
  for (const { reason } of refused as PromiseRejectedResult[]) {
    t.match(reason, { code: 'OVERLOADED', retryAfter: 2 });
  }
  t.equal(await checks.verify(phcString, 'secret'), true, 'and later ones are taken again');
});

t.test('a check that ends its thread fails alone', async (t) => {
  const checks = start(t);
  const good = checks.verify(phcString, 'secret');
  await t.rejects(checks.verify('$argon2id$broken', 'secret'), { code: 'CREDENTIALS_UNAVAILABLE' });
  t.equal(await good, true);
  t.equal(await checks.verify(phcString, 'secret'), true, 'another thread takes its place');
});

t.test('closing fails the checks under way', async (t) => {
  const checks = createPasswordChecks();
  const all = Promise.allSettled(Array.from({ length: 20 }, () => checks.verify(phcString, 'secret')));
  await checks.close();
  for (const { reason } of (await all) as PromiseRejectedResult[]) {
    t.match(reason, { code: 'CREDENTIALS_UNAVAILABLE' });
  }
});
