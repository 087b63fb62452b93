import { until } from '../support/until.ts';
import { type Answer, createAsk, type Kind } from './ask.ts';
import type { Span } from './episode.ts';
import type { Entry, Ledger } from './ledger.ts';
import type { Pod } from './pods.ts';
import type { World } from './topologies.ts';

export interface Verdict {
  /** Sessions looked at again on every pod when all was over: live ones, and ended ones. */
  readonly live: number;
  readonly ended: number;
  /** Acknowledged logins whose session is no longer there. */
  readonly lost: number;
  /** Acknowledged ends that did not last. */
  readonly undone: number;
  /** Live sessions that somebody was told are absent, though they are there. */
  readonly calledAbsent: number;
  /** Sessions of which an acknowledged change of metadata is gone. */
  readonly changesLost: number;
  /** Pods whose process ended by itself. */
  readonly exited: number;
  /** Answers nobody has to expect, and how many of each. */
  readonly wrong: ReadonlyMap<string, number>;
  /** The longest time without a success of a sort, milliseconds. */
  readonly unavailableMs: { readonly verify: number; readonly login: number; readonly end: number };
  /** The slowest answers to what was asked in the first second of a fault, and to what was asked later in it. */
  readonly slowestMs: { readonly first: number; readonly later: number };
  /** From the end of the cause until everything works, the longest. */
  readonly wellAfterMs: number;
  /** The longest that a session whose end was acknowledged was still answered from a near cache. */
  readonly stalestMs: number;
}

const FIRST_MS = 1000;
const PARALLEL = 24;

/** Looks at every session of the ledger once more, on every pod, and at all that was answered. */
export async function judge(deps: {
  readonly world: World;
  readonly ledger: Ledger;
  readonly answers: readonly Answer[];
  readonly begin: number;
  readonly end: number;
  readonly spans: readonly Span[];
}): Promise<Verdict> {
  const { world, ledger, answers, begin, end, spans } = deps;
  const { entries } = ledger;
  const live = entries.filter(({ state }) => state === 'live');
  const ended = entries.filter(({ state }) => state === 'ended');
  const pods = world.pods.all.filter((pod) => !pod.hasExited());
  const found = new Map<Entry, Found>();
  await eachOf([...live, ...ended], async (entry) => void found.set(entry, await findOn(pods, entry)));

  const isGone = (entry: Entry) => found.get(entry)?.somewhere === false;
  const whole = (kinds: readonly Kind[]) => longestWithout(kinds, answers, begin, end);
  const during = answers.flatMap((answer) => {
    const span = spans.find(({ from, to }) => answer.sentAt >= from && answer.sentAt < to);
    return span === undefined ? [] : [{ ms: answer.ms, after: answer.sentAt - span.from }];
  });
  const slowest = (some: typeof during) => some.reduce((most, { ms }) => Math.max(most, ms), 0);
  return {
    live: live.length,
    ended: ended.length,
    lost: live.filter(isGone).length,
    undone: ended.filter((entry) => entry.cameBack || found.get(entry)?.somewhere).length,
    calledAbsent: live.filter((entry) => !isGone(entry) && (entry.calledAbsent || !found.get(entry)?.everywhere))
      .length,
    changesLost: live.filter((entry) => !isGone(entry) && lostChange(entry, found.get(entry)?.count ?? 0)).length,
    exited: world.pods.all.length - pods.length,
    wrong: countOf(answers.map(({ kind, wrong }) => (wrong === '' ? '' : `${kind}: ${wrong}`))),
    unavailableMs: {
      verify: whole(['verify', 'fresh']),
      login: whole(['login']),
      end: whole(['logout', 'revoke']),
    },
    slowestMs: {
      first: slowest(during.filter(({ after }) => after < FIRST_MS)),
      later: slowest(during.filter(({ after }) => after >= FIRST_MS)),
    },
    wellAfterMs: Math.max(...spans.map(({ to, wellAt }) => wellAt - to)),
    stalestMs: ledger.stalestMs(),
  };
}

interface Found {
  readonly everywhere: boolean;
  readonly somewhere: boolean;
  readonly count: number;
}

/** What each pod says of a session, from memory and from Redis. @throws when one can't say, for long */
async function findOn(pods: readonly Pod[], { token }: Entry): Promise<Found> {
  const said: boolean[] = [];
  let count = 0;
  for (const { url } of pods) {
    const ask = createAsk(url);
    for (const kind of ['verify', 'fresh'] as const) {
      await until(async () => {
        const { status, body } = await ask({ kind, method: 'GET', path: '/session', token });
        if (status === 200) count = body.metadata?.count ?? 0;
        if (status === 200 || status === 401) said.push(status === 200);
        return status === 200 || status === 401;
      }, 10_000);
    }
  }
  return { everywhere: said.every(Boolean), somewhere: said.some(Boolean), count };
}

function lostChange({ counted, perhapsCounted }: Entry, count: number): boolean {
  return count < counted || count > counted + perhapsCounted;
}

/** The longest time between two successes of these kinds, or between one and the beginning or the end. */
export function longestWithout(
  kinds: readonly Kind[],
  answers: readonly Pick<Answer, 'kind' | 'sentAt' | 'ms' | 'status'>[],
  begin: number,
  end: number,
): number {
  const successes = answers
    .filter(({ kind, status }) => kinds.includes(kind) && status >= 200 && status < 300)
    .map(({ sentAt, ms }) => sentAt + ms)
    .toSorted((a, b) => a - b);
  let longest = 0;
  let last = begin;
  for (const time of [...successes, end]) {
    longest = Math.max(longest, time - last);
    last = time;
  }
  return longest;
}

function countOf(names: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const name of names) if (name !== '') counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}

/** Does something for each of a list, for so many at a time. */
async function eachOf<T>(list: readonly T[], run: (item: T) => Promise<void>): Promise<void> {
  const queue = list.values();
  await Promise.all(
    Array.from({ length: PARALLEL }, async () => {
      for (const item of queue) await run(item);
    }),
  );
}
