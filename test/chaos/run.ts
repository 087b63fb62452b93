// npm run chaos [-- options]   lets Redis fail under load, and looks whether the service keeps its promises: docs/chaos.md
import { createOwner } from '../support/owner.ts';
import { readOptions, showProgress, wholeNumbers } from '../support/progress.ts';
import type { Episode } from './episode.ts';
import { ownPlans, type Plan, planFor } from './plans.ts';
import { broken, record, report } from './report.ts';

const USAGE = `npm run chaos [-- options]
  --redis-url <url>  your own Redis: only what does it no harm, in keys of the run's own that are removed at the end
  --only <text>      faults whose name, with their world's, contains it
  --seconds <n>      how long a fault lasts (5)
  --kills <n>        how often the master of a Sentinel is killed (20)
  --record           write the results to docs/chaos.md and docs/chaos.svg`;

const options = readOptions(
  {
    'redis-url': { type: 'string' },
    only: { type: 'string', default: '' },
    seconds: { type: 'string', default: '5' },
    kills: { type: 'string', default: '20' },
    record: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
  USAGE,
);

let owner = createOwner();

/** Lets every world have its faults, one after the other; each world on servers of its own. */
async function runAll(plans: readonly Plan[], onStep: (step: string) => void): Promise<Episode[]> {
  const { seconds, kills } = wholeNumbers(options, { seconds: 1, kills: 1 }, USAGE);
  const episodes: Episode[] = [];
  for (const { name, faults, start } of plans) {
    const chosen = faults.filter((fault) => `${name}: ${fault.name}`.includes(options.only));
    if (chosen.length === 0) continue;
    onStep(`${name}: starting`);
    owner = createOwner();
    try {
      const suffer = await start(owner);
      for (const { name, often } of chosen) {
        episodes.push(await suffer(name, { seconds, times: often ? kills : 1, onStep }));
      }
    } finally {
      await owner.close();
    }
  }
  if (episodes.length === 0) throw new Error(`No fault has a name with ${options.only}\n\n${USAGE}`);
  return episodes;
}

async function main(): Promise<void> {
  if (options.help) {
    console.log(USAGE);
    return;
  }
  const url = options['redis-url'];
  if (url !== undefined) {
    if (options.record) throw new Error('--record is for what happens to servers of the suite, not to yours');
    console.error(
      'On your Redis: no command but those of the service and the removal of its keys; no FLUSHALL, no kill.',
    );
  }
  const { step, done } = showProgress();
  const episodes = await runAll(url === undefined ? ownPlans : [planFor(url)], step).finally(done);
  console.log(report(episodes));
  if (options.record) await record(episodes);
  if (episodes.some(({ verdict }) => broken(verdict).length > 0)) process.exitCode = 1;
}

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => void owner.close().finally(() => process.exit(130)));
}
main().catch((error: NodeJS.ErrnoException) => {
  const isMissing = error.code === 'ENOENT' && error.syscall?.startsWith('spawn');
  console.error(isMissing ? `Missing: ${error.path}. On Debian: apt-get install redis-server haproxy` : error.message);
  process.exitCode = 1;
});
