// npm run audit [-- --repair]   holds a live store to its invariants; see README.md.
import { parseArgs } from 'node:util';
import { progress } from '@clack/prompts';
import { readEnvironment } from '../../../config/environment.ts';
import { shardNames } from '../../../session/session-id.ts';
import { parseRedisUrl } from '../connection/address.ts';
import { closeRedisClient, openRedisClient } from '../connection/connect.ts';
import { type AuditReport, auditStore, type Breach, type Finding } from './audit.ts';

const USAGE = `npm run audit                what is wrong with the store of REDIS_URL and REDIS_PREFIX, if anything
npm run audit -- --repair    and set it right
                --redis-url <url> --prefix <prefix>    another store`;

/** What holds in a sound store, and how a breach of it is repaired. */
const INVARIANTS: Record<Breach, readonly [invariant: string, repair: string]> = {
  record: ['every record can be read', 'delete the record; its user has to log in again'],
  expiry: ['every session expires by itself', 'set its expiry'],
  listing: ['every session is in its user’s index', 'add it to the index'],
  orphan: ['every index entry has a live session', 'remove the entry'],
  schedule: ['every session is scheduled to be counted when it expires', 'schedule it'],
  recount: ['every shard’s counter agrees with its indexes', 'set the counter'],
};

async function main(): Promise<boolean> {
  const { values } = parseArgs({
    options: {
      repair: { type: 'boolean' },
      'redis-url': { type: 'string' },
      prefix: { type: 'string' },
      help: { type: 'boolean' },
    },
  });
  if (values.help) {
    console.log(USAGE);
    return true;
  }
  const env = readEnvironment();
  const url = values['redis-url'] ?? env.REDIS_URL ?? '';
  const address = parseRedisUrl(url);
  if (address === undefined) throw new Error(`Set REDIS_URL, or say --redis-url redis://…\n\n${USAGE}`);
  const client = await openRedisClient(address).catch((cause: Error) => {
    throw new Error(`Redis can not be reached at REDIS_URL: ${cause.message}`, { cause });
  });
  const bar = process.stderr.isTTY ? progress({ max: shardNames.length, output: process.stderr }) : undefined;
  bar?.start('shards');
  try {
    const report = await auditStore({
      client,
      prefix: values.prefix ?? env.REDIS_PREFIX ?? 'sd',
      repair: values.repair ?? false,
      onProgress: (shards) => bar?.advance(1, `shard ${shards} of ${shardNames.length}`),
    });
    bar?.stop('done');
    console.log(describe(report, values.repair ?? false));
    return report.findings.length === report.repaired.length;
  } finally {
    await closeRedisClient(client);
  }
}

function describe({ sessions, otherFormat, findings, repaired }: AuditReport, repair: boolean): string {
  const count = (list: readonly Finding[], breach: string) => list.filter((one) => one.breach === breach).length;
  const rows = Object.entries(INVARIANTS).map(([breach, [invariant]]) => {
    const broken = count(findings, breach);
    return `${broken === 0 ? 'holds ' : 'BROKEN'}  ${String(broken).padStart(8)}  ${invariant}`;
  });
  const repairs = Object.entries(INVARIANTS)
    .filter(([breach]) => count(findings, breach) > 0)
    .map(([breach, [, how]]) => `  ${breach}, ${count(repair ? repaired : findings, breach)}: ${how}`);
  const examples = findings
    .slice(0, 10)
    .map(({ breach, shard, sessionId }) => `  ${breach}: shard ${shard} ${sessionId}`);
  return [
    `${sessions} sessions, ${otherFormat} of them in records of another version`,
    '',
    '        breaches  invariant',
    ...rows,
    ...(examples.length > 0 ? ['', 'The first of them:', ...examples] : []),
    ...(findings.length > 0
      ? [
          '',
          repair ? `Repaired ${repaired.length} of ${findings.length}:` : 'npm run audit -- --repair would repair:',
          ...repairs,
        ]
      : []),
  ].join('\n');
}

try {
  process.exitCode = (await main()) ? 0 : 1;
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
