import type { Test } from 'tap';
import { ownPlans } from './plans.ts';
import { broken } from './report.ts';

// Long enough for a pod to notice that Redis is silent, and to come to rest.
const SECONDS = 1.5;
// A machine that runs other tests is late; the figures that count are those of a run of its own.
const LATEST_ANSWER_MS = 2500;

/**
 * The faults of a world, once and briefly: no promise is broken, and nobody waits long for an answer.
 *
 * @param only the faults with this name; all, if there is none
 */
export async function shortForm(t: Test, name: string, only = ''): Promise<void> {
  const plan = ownPlans.find((plan) => plan.name === name);
  if (plan === undefined) throw new Error(`There is no plan ${name}`);
  const suffer = await plan.start(t);
  for (const fault of plan.faults.filter((fault) => fault.name.includes(only))) {
    await t.test(fault.name, async (t) => {
      const { verdict, answers } = await suffer(fault.name, { seconds: SECONDS });
      t.same(broken(verdict), []);
      t.ok(verdict.live > 20, 'sessions were live');
      t.ok(verdict.ended > 20, 'sessions were ended');
      const latest = answers.reduce((latest, { ms }) => Math.max(latest, ms), 0);
      t.ok(latest < LATEST_ANSWER_MS, `the latest answer came after ${Math.round(latest)} ms`);
    });
  }
}
