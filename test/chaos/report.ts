import { readFile, writeFile } from 'node:fs/promises';
import { cpus, loadavg, release } from 'node:os';
import { join } from 'node:path';
import { table } from '../../bench/lib/table.ts';
import { ROOT } from '../support/run.ts';
import type { Episode, Span } from './episode.ts';
import type { Verdict } from './judge.ts';
import { timeline } from './timeline-svg.ts';

const PAGE = join(ROOT, 'docs', 'chaos.md');
const CHART = join(ROOT, 'docs', 'chaos.svg');
const BEGIN = '<!-- measured: npm run chaos -- --record -->';
const END = '<!-- /measured -->';
/** An answer that takes longer is late. */
const PROMISED_MS = 250;
/** Where another server takes the place of one that is lost. */
const FAILS_OVER = new Set(['Sentinel', 'Cluster']);

/** What was held and what was not, and how long it took, in Markdown. */
export function report(episodes: readonly Episode[]): string {
  return [machine(), promises(episodes), times(episodes), wrongs(episodes)].filter((part) => part !== '').join('\n\n');
}

/** Puts the results into docs/chaos.md, in place of those of the last time, and draws the timeline. */
export async function record(episodes: readonly Episode[]): Promise<void> {
  const page = await readFile(PAGE, 'utf8');
  const [before, after] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (before === -1 || after === -1) throw new Error(`${PAGE} has no place for results`);
  await writeFile(PAGE, `${page.slice(0, before + BEGIN.length)}\n\n${report(episodes)}\n\n${page.slice(after)}`);
  await writeFile(CHART, timeline(episodes));
}

/** The promises that were not kept, a sentence each; none when all were. */
export function broken({ lost, undone, calledAbsent, exited, wrong, wellAfterMs }: Verdict): string[] {
  const faults = [
    [lost, 'acknowledged logins lost'],
    [undone, 'acknowledged revocations undone'],
    [calledAbsent, 'live sessions called absent'],
    [exited, 'pods ended by themselves'],
    ...[...wrong].map(([what, count]) => [count, `answers ${what}`] as const),
    [Number.isFinite(wellAfterMs) ? 0 : 1, 'time it was not well again within half a minute'],
  ] as const;
  return faults.filter(([count]) => count > 0).map(([count, what]) => `${count} ${what}`);
}

function machine(): string {
  const [first] = cpus();
  return (
    `${new Date().toISOString().slice(0, 10)}: ${cpus().length} cores of ${first?.model.trim()}, which the pods, Redis, ` +
    `HAProxy and the load share, Linux ${release().split('-')[0]}, Node ${process.versions.node}; load average at the ` +
    `end ${(loadavg()[0] ?? 0).toFixed(1)}.`
  );
}

function promises(episodes: readonly Episode[]): string {
  const rows = episodes.map((episode) => {
    const { lost, undone, calledAbsent, changesLost, exited, wrong, live, ended } = episode.verdict;
    const wrongs = [...wrong.values()].reduce((sum, count) => sum + count, 0);
    const late = episode.answers.filter(({ ms }) => ms > PROMISED_MS).length;
    const counts = [episode.answers.length, late, live, lost, ended, undone, calledAbsent, changesLost, wrongs, exited];
    return [nameOf(episode), ...counts.map((count) => count.toLocaleString('en-US'))];
  });
  const head = [
    'fault',
    'answers',
    `over ${PROMISED_MS} ms`,
    'live',
    'lost',
    'revoked',
    'undone',
    'called absent',
    'changes lost',
    'wrong',
    'pods ended',
  ];
  return table(head, rows);
}

function times(episodes: readonly Episode[]): string {
  const rows = episodes.map((episode) => {
    const { unavailableMs, slowestMs, wellAfterMs, stalestMs } = episode.verdict;
    const longest = (part: (span: Span) => number) => Math.max(...episode.spans.map(part));
    const lasted = longest(({ from, to }) => to - from);
    const failover = FAILS_OVER.has(episode.world) ? longest(({ from, done }) => done - from) : Number.NaN;
    const { verify, login, end } = unavailableMs;
    const all = [lasted, failover, verify, login, end, slowestMs.first, slowestMs.later, wellAfterMs, stalestMs];
    return [nameOf(episode), ...all.map(milliseconds)];
  });
  const without = ['verify', 'login', 'revoke'].map((sort) => `no ${sort}`);
  return table(
    ['milliseconds', 'fault', 'failover', ...without, 'slowest, first second', 'slowest, later', 'well after', 'stale'],
    rows,
  );
}

function milliseconds(ms: number): string {
  if (Number.isNaN(ms)) return '';
  return Number.isFinite(ms) ? Math.round(ms).toLocaleString('en-US') : 'never';
}

function wrongs(episodes: readonly Episode[]): string {
  return episodes
    .flatMap((episode) => broken(episode.verdict).map((what) => `- ${nameOf(episode)}: **${what}**`))
    .join('\n');
}

function nameOf({ world, fault, spans }: Episode): string {
  return `${world}: ${fault}${spans.length > 1 ? `, ${spans.length} times` : ''}`;
}
