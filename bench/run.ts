// npm run bench [-- options]   measures sessiond against the empty route and its peers; see bench/README.md.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readOptions, showProgress, wholeNumbers } from '../test/support/progress.ts';
import { hasProgram, ROOT } from './lib/process.ts';
import { usersFile } from './lib/service.ts';
import { againUpTo } from './lib/wrk.ts';
import { profileVerify } from './measure/flame.ts';
import { measureGrowth } from './measure/growth.ts';
import { measureLogin } from './measure/login.ts';
import { measureLoginLoad } from './measure/login-load.ts';
import { measureMemory } from './measure/memory.ts';
import { measurePropagation } from './measure/propagation.ts';
import { measureScale } from './measure/scale.ts';
import { measureThroughput } from './measure/throughput.ts';
import { loginLoadTable, type Measured, record, recordFlames, report } from './report.ts';
import { targets } from './targets.ts';

const USAGE = `npm run bench [-- options]
  --rounds <n>      rounds, of which the median counts (5)
  --seconds <n>     how long a target is loaded in a round (4)
  --only <names>    throughput of these targets alone: ${targets.map(({ name }) => name).join(', ')}
  --sessions <n>    sessions that live when the cost of a verification is measured again (200000)
  --repeat <n>      how many measurements may be made again because of answers that were no success (0)
  --logins          verifications during logins alone, at rest and under 100 parallel logins, and nothing else
  --flame           profile verifications and draw docs/flame-verify-*.svg, and nothing else
  --record          write the results to docs/performance.md and docs/performance.svg`;

const LEAST = { rounds: 1, seconds: 1, sessions: 2000, repeat: 0 };
const MEMORY_SESSIONS = 100_000;
const PROPAGATIONS = 200;
const PODS = [1, 2, 4];

const options = readOptions(
  {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '4' },
    only: { type: 'string' },
    sessions: { type: 'string', default: '200000' },
    repeat: { type: 'string', default: '0' },
    logins: { type: 'boolean', default: false },
    flame: { type: 'boolean', default: false },
    record: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
  USAGE,
);

/** Everything there is to measure, one after the other. */
async function measure(users: string, onStep: (step: string) => void): Promise<Measured> {
  const { rounds, seconds, sessions, repeat } = wholeNumbers(options, LEAST, USAGE);
  let repeated = 0;
  const again = againUpTo(repeat, () => (repeated += 1));
  const names = options.only?.split(',');
  const unknown = names?.find((name) => !targets.some((target) => target.name === name));
  if (unknown !== undefined) throw new Error(`There is no target ${unknown}.\n\n${USAGE}`);
  const chosen = targets.filter(({ name }) => names?.includes(name) ?? true);
  const throughput = await measureThroughput({ targets: chosen, users, rounds, seconds, again, onStep });
  if (names !== undefined) return { rounds, seconds, repeated, throughput };
  // Kept whatever becomes of the rest.
  if (options.record) await record({ rounds, seconds, repeated, throughput });
  onStep('a login');
  const login = await measureLogin(users);
  onStep('verifications during logins');
  const loginLoad = await measureLoginLoad({ rounds: Math.min(rounds, 3), seconds });
  onStep(`${PROPAGATIONS} logouts and three pods`);
  const propagation = await measurePropagation(users, PROPAGATIONS);
  onStep(`the memory of ${MEMORY_SESSIONS} sessions`);
  const memory = await measureMemory(users, MEMORY_SESSIONS);
  onStep(`a verification among ${sessions} sessions`);
  const growth = await measureGrowth({
    users,
    sessions,
    rounds: Math.min(rounds, 3),
    seconds: Math.min(seconds, 3),
    again,
  });
  onStep('pods behind HAProxy');
  const scale = hasProgram('haproxy') ? await measureScale({ users, counts: PODS, seconds, again }) : [];
  return { rounds, seconds, repeated, throughput, login, loginLoad, propagation, memory, growth, scale };
}

async function drawFlames(users: string, onStep: (step: string) => void): Promise<string[]> {
  const { seconds } = wholeNumbers(options, LEAST, USAGE);
  onStep('profiling hot verifications');
  const hot = await profileVerify({ users, seconds, env: {} });
  onStep('profiling cold verifications');
  const cold = await profileVerify({ users, seconds, env: { NEAR_CACHE_MAX: '0' } });
  return recordFlames({ hot, cold }, seconds);
}

function installPeers(): void {
  const folder = join(ROOT, 'bench');
  if (existsSync(join(folder, 'node_modules'))) return;
  console.error('Installing what sessiond is measured against');
  const { status } = spawnSync('npm', ['ci', '--prefix', folder], { stdio: ['ignore', 2, 2] });
  if (status !== 0) throw new Error('npm ci --prefix bench failed');
}

/** @throws naming the Debian packages of what is missing */
function checkPrograms(): void {
  const missing = ['wrk', 'redis-server'].filter((program) => !hasProgram(program));
  if (missing.length > 0) throw new Error(`Missing: ${missing}. On Debian: apt-get install ${missing.join(' ')}`);
}

async function main(): Promise<void> {
  if (options.help) {
    console.log(USAGE);
    return;
  }
  checkPrograms();
  installPeers();
  const users = await usersFile();
  const { step, done } = showProgress();
  try {
    if (options.flame) {
      const files = await drawFlames(users, step);
      console.log(files.join('\n'));
      return;
    }
    if (options.logins) {
      const { rounds, seconds } = wholeNumbers(options, LEAST, USAGE);
      console.log(loginLoadTable(await measureLoginLoad({ rounds, seconds })));
      return;
    }
    const measured = await measure(users, step);
    console.log(report(measured));
    if (options.record) await record(measured);
  } finally {
    done();
  }
}

// What was started ends with this process.
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(130));
main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
});
