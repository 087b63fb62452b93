import { setTimeout as pause } from 'node:timers/promises';
import { until } from '../support/until.ts';
import { passwordOf } from '../support/users.ts';
import { type Answer, createAsk } from './ask.ts';
import type { Fault } from './faults.ts';
import { judge, type Verdict } from './judge.ts';
import { createLedger } from './ledger.ts';
import { startLoad } from './load.ts';
import { type Pod, USERS } from './pods.ts';
import type { World } from './topologies.ts';

/** From a fault's beginning to the end of its cause, and to the moment at which everything works again. */
export interface Span {
  readonly from: number;
  /** When it was done; where a master was lost, when there was another one. */
  readonly done: number;
  readonly to: number;
  /** `Infinity` when it did not within half a minute. */
  readonly wellAt: number;
}

/** What happened under load while a fault came and went. Times as of `performance.now()`. */
export interface Episode {
  readonly world: string;
  readonly fault: string;
  readonly begin: number;
  readonly end: number;
  readonly spans: readonly Span[];
  readonly answers: readonly Answer[];
  readonly verdict: Verdict;
}

export interface Lasting {
  readonly seconds: number;
  /** How often the fault comes, one time after the other, under the same load. */
  readonly times?: number;
  readonly onStep?: (step: string) => void;
}

// So many answers before and after a fault show what is usual.
const USUAL_ANSWERS = 250;
const WELL_WITHIN_MS = 30_000;

/** Loads a world, lets a fault last for so long, puts it right, waits until all is well, and judges. */
export async function suffer<W extends World>(
  world: W,
  fault: Fault<W>,
  { seconds, times = 1, onStep = () => undefined }: Lasting,
): Promise<Episode> {
  const ledger = createLedger();
  const begin = performance.now();
  const load = startLoad(world.pods, ledger);
  const spans: Span[] = [];
  try {
    await moreAnswers();
    for (let time = 1; time <= times; time += 1) {
      onStep(`${world.name}: ${fault.name}${times > 1 ? ` (${time} of ${times})` : ''}`);
      const from = performance.now();
      await fault.apply(world, ledger);
      const done = performance.now();
      await pause(seconds * 1000);
      await fault.heal(world);
      const to = performance.now();
      const well = await until(() => isWell(world), WELL_WITHIN_MS).then(
        () => true,
        () => false,
      );
      spans.push({ from, done, to, wellAt: well ? performance.now() : Number.POSITIVE_INFINITY });
      await moreAnswers();
    }
  } finally {
    await load.stop();
  }
  const end = performance.now();
  const { answers } = load;
  const verdict = await judge({ world, ledger, answers, begin, end, spans });
  return { world: world.name, fault: fault.name, begin, end, spans, answers, verdict };

  function moreAnswers(): Promise<void> {
    const enough = load.answers.length + USUAL_ANSWERS;
    return until(() => load.answers.length >= enough, 30_000);
  }
}

/** Whether every pod is ready and lets a user in and out. */
async function isWell({ pods }: World): Promise<boolean> {
  return (await Promise.all(pods.all.map(serves))).every(Boolean);
}

async function serves(pod: Pod): Promise<boolean> {
  if (!(await pod.isReady())) return false;
  const ask = createAsk(pod.url);
  const body = { username: USERS[0], password: passwordOf(USERS[0] as string) };
  const { status, token } = await ask({ kind: 'login', method: 'POST', path: '/login', body });
  if (status !== 200 || token === undefined) return false;
  const verified = await ask({ kind: 'fresh', method: 'GET', path: '/verify', token });
  const ended = await ask({ kind: 'logout', method: 'POST', path: '/logout', token });
  return verified.status === 200 && ended.status === 204;
}
