import { readFile, writeFile } from 'node:fs/promises';
import { cpus, loadavg, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { type CpuProfile, flameGraph } from './lib/flame.ts';
import { short } from './lib/numbers.ts';
import { pinned, ROOT } from './lib/process.ts';
import { barChart } from './lib/svg.ts';
import { table } from './lib/table.ts';
import type { Growth } from './measure/growth.ts';
import type { LoginLoad } from './measure/login-load.ts';
import type { Memory } from './measure/memory.ts';
import type { Propagation } from './measure/propagation.ts';
import type { Scale } from './measure/scale.ts';
import { middle, ratio, type Sample, type Samples } from './measure/throughput.ts';
import { aims } from './targets.ts';

export interface Measured {
  readonly rounds: number;
  readonly seconds: number;
  /** How many measurements were made again because of answers that were no success. */
  readonly repeated: number;
  readonly throughput: Samples;
  /** Commands a login sends. */
  readonly login?: number;
  readonly loginLoad?: LoginLoad;
  readonly propagation?: Propagation;
  readonly memory?: Memory;
  readonly growth?: readonly Growth[];
  readonly scale?: readonly Scale[];
}

const PAGE = join(ROOT, 'docs', 'performance.md');
const CHART = join(ROOT, 'docs', 'performance.svg');
const BEGIN = '<!-- measured: npm run bench -- --record -->';
const END = '<!-- /measured -->';
const MEGABYTE = 1024 * 1024;

/** The results in Markdown, with the date and the machine. */
export function report(measured: Measured): string {
  const { throughput, loginLoad, scale = [], growth = [] } = measured;
  return [
    machine(measured),
    targetTable(throughput),
    aimTable(throughput),
    otherTable(measured),
    loginLoad === undefined ? '' : loginLoadTable(loginLoad),
    growth.length > 0 ? growthTable(growth) : '',
    scale.length > 0 ? scaleTable(scale) : '',
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}

/** Puts the results into docs/performance.md, in place of those of the last time, and draws the chart. */
export async function record(measured: Measured): Promise<void> {
  const page = await readFile(PAGE, 'utf8');
  const [before, after] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (before === -1 || after === -1) throw new Error(`${PAGE} has no place for results`);
  await writeFile(PAGE, `${page.slice(0, before + BEGIN.length)}\n\n${report(measured)}\n\n${page.slice(after)}`);
  await writeFile(CHART, chart(measured.throughput));
}

/** Draws where the time of a verification goes; answers the files. */
export async function recordFlames(profiles: Readonly<Record<'hot' | 'cold', CpuProfile>>, seconds: number) {
  const files: string[] = [];
  for (const [kind, profile] of Object.entries(profiles)) {
    const file = join(ROOT, 'docs', `flame-verify-${kind}.svg`);
    await writeFile(file, flameGraph(`GET /verify, ${kind}: CPU time of the pod`, profile, seconds));
    files.push(file);
  }
  return files;
}

/** CPU time per request, a bar for each target. */
export function chart(throughput: Samples): string {
  const bars = [...throughput].map(([{ label, kind }, samples]) => {
    const value = middle(samples, ({ cpuUs }) => cpuUs);
    return { label, value, text: `${short(value)} µs`, own: kind === 'sessiond' };
  });
  return barChart('CPU time of the server per request', bars);
}

function machine({ rounds, seconds, repeated }: Measured): string {
  const [first] = cpus();
  const memory = Math.round(totalmem() / MEGABYTE / 1024);
  const load = loadavg()[0] ?? 0;
  return (
    `${new Date().toISOString().slice(0, 10)}: ${cpus().length} cores of ${first?.model.trim()}, ${memory} GB, Linux ` +
    `${release().split('-')[0]}, Node ${process.versions.node}; ` +
    `${rounds === 1 ? 'one round' : `medians of ${rounds} rounds`} of ${seconds} s; servers ` +
    `${pinned ? 'on one core, load and Redis on the other' : 'not kept on cores'}; load average at the end ${load.toFixed(1)}` +
    (repeated === 0 ? '.' : `; ${repeated} measurements repeated, for answers that were no success.`)
  );
}

function targetTable(throughput: Samples): string {
  const rows = [...throughput].map(([{ label }, samples]) => [
    label,
    ...(['perSecond', 'cpuUs', 'p50Ms', 'p99Ms', 'commands'] as const).map((name) =>
      short(middle(samples, (sample) => sample[name])),
    ),
  ]);
  return table(['', 'requests/s', 'CPU µs/request', 'p50 ms', 'p99 ms', 'Redis commands/request'], rows);
}

function aimTable(throughput: Samples): string {
  const samplesOf = (wanted: string): readonly Sample[] | undefined =>
    [...throughput].find(([{ name }]) => name === wanted)?.[1];
  const rows = aims.flatMap(({ label, of, against, least }) => {
    const [ours, theirs] = [samplesOf(of), samplesOf(against)];
    if (ours === undefined || theirs === undefined) return [];
    const inRequests = ratio(ours, theirs, ({ perSecond }) => perSecond);
    const inCpu = ratio(theirs, ours, ({ cpuUs }) => cpuUs);
    const inP99 = ratio(ours, theirs, ({ p99Ms }) => p99Ms);
    return [[label, inCpu.toFixed(2), inRequests.toFixed(2), inP99.toFixed(2), least?.toFixed(2) ?? '']];
  });
  return rows.length === 0 ? '' : table(['ratio', 'requests per CPU', 'requests/s', 'p99', 'aim of the first'], rows);
}

function otherTable({ login, propagation, memory }: Measured): string {
  const rows: string[][] = [];
  if (login !== undefined) rows.push(['Redis commands a login sends', String(login)]);
  if (propagation !== undefined) {
    const { p50Ms, p99Ms, maxMs, repetitions } = propagation;
    const times = [p50Ms, p99Ms, maxMs].map((ms) => ms.toFixed(1)).join(' / ');
    rows.push([`logout until two other pods refuse, ms: p50 / p99 / max of ${repetitions}`, times]);
  }
  if (memory !== undefined) {
    const { sessions, perSession, perSessionConnectRedis, podEmpty, podFull, held } = memory;
    rows.push(
      [`bytes in Redis per session, ${short(sessions)} sessions, index and schedule included`, short(perSession)],
      ['the same with connect-redis, without an index', short(perSessionConnectRedis)],
      ['resident memory of a pod just started, MB', short(podEmpty / MEGABYTE)],
      [`resident memory of a pod that holds ${short(held)} sessions, MB`, short(podFull / MEGABYTE)],
    );
  }
  return rows.length === 0 ? '' : table(['besides', ''], rows);
}

/** Verifications and logins, each alone and both at the same time. */
export function loginLoadTable({ verify, verifyDuringLogins, logins, loginsDuringVerify }: LoginLoad): string {
  return table(
    ['100 parallel logins (argon2id)', 'hot /verify, requests/s', 'p99 ms', 'logins/s'],
    [
      ['each alone', short(verify.perSecond), short(verify.p99Ms), short(logins)],
      [
        'at the same time',
        short(verifyDuringLogins.perSecond),
        short(verifyDuringLogins.p99Ms),
        short(loginsDuringVerify),
      ],
      [
        'ratio',
        (verifyDuringLogins.perSecond / verify.perSecond).toFixed(2),
        (verifyDuringLogins.p99Ms / verify.p99Ms).toFixed(2),
        (loginsDuringVerify / logins).toFixed(2),
      ],
    ],
  );
}

function growthTable(growth: readonly Growth[]): string {
  const rows = growth.map(({ sessions, hotUs, coldUs, redisUs }) => [
    short(sessions),
    short(hotUs),
    short(coldUs),
    short(redisUs),
  ]);
  return table(
    ['living sessions', 'hot /verify, CPU µs', 'cold /verify, CPU µs', 'Redis for a cold one, CPU µs'],
    rows,
  );
}

function scaleTable(scale: readonly Scale[]): string {
  const rows = scale.map(({ pods, perSecond, podsUs, proxyUs, redisUs, commands }) => [
    `${pods}`,
    ...[perSecond, podsUs, proxyUs, redisUs, commands].map(short),
  ]);
  const head = ['pods', 'requests/s', 'pods, CPU µs/request', 'HAProxy, CPU µs', 'Redis, CPU µs', 'Redis commands'];
  return table(head, rows);
}
