import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { residentBytes, start, temporaryFolder } from '../lib/process.ts';
import { startRedis, usedBytes } from '../lib/redis.ts';
import { seedSessions } from '../lib/seed.ts';
import { startService } from '../lib/service.ts';
import { runWrk } from '../lib/wrk.ts';

export interface Memory {
  readonly sessions: number;
  /** Bytes in Redis per session: ours with index and schedule, connect-redis' without an index. */
  readonly perSession: number;
  readonly perSessionConnectRedis: number;
  /** Resident memory of one pod, bytes: just started, and with so many sessions held. */
  readonly podEmpty: number;
  readonly podFull: number;
  readonly held: number;
}

const SCRIPT = join(import.meta.dirname, '..', 'lib', 'cookies.lua');
const SEED_CONNECT_REDIS = join(import.meta.dirname, '..', 'lib', 'seed-connect-redis.mjs');
const STEP_SECONDS = 4;
const MOST_STEPS = 30;

/** What sessions cost in Redis, and in a pod that holds them. */
export async function measureMemory(users: string, sessions: number): Promise<Memory> {
  const perSessionConnectRedis = await connectRedisBytes(sessions);
  const redis = await startRedis();
  const folder = temporaryFolder();
  try {
    const before = await usedBytes(redis.client);
    const tokens = await seedSessions(redis.client, { count: sessions, tokens: sessions });
    const perSession = ((await usedBytes(redis.client)) - before) / sessions;
    await writeFile(join(folder, 'tokens'), tokens.join('\n'));

    const pod = await startService({ redisUrl: redis.url, users, core: 'server' });
    const podEmpty = residentBytes(pod.pid);
    let held = 0;
    let asked = 0;
    for (let step = 0; step < MOST_STEPS && held < sessions; step += 1) {
      const script = [SCRIPT, join(folder, 'tokens'), `${asked % sessions}`] as const;
      const load = { url: `${pod.url}/verify`, headers: {}, seconds: STEP_SECONDS, script };
      asked += (await runWrk({ ...load, warmUp: true })).requests;
      held = await heldBy(pod.url);
    }
    const podFull = residentBytes(pod.pid);
    await pod.stop();
    return { sessions, perSession, perSessionConnectRedis, podEmpty, podFull, held };
  } finally {
    await redis.stop();
  }
}

async function connectRedisBytes(sessions: number): Promise<number> {
  const redis = await startRedis();
  try {
    const before = await usedBytes(redis.client);
    const command = [process.execPath, SEED_CONNECT_REDIS, redis.url, String(sessions)] as const;
    const seeder = await start(command, { core: 'any', sign: 'seeded', within: 300_000 });
    await seeder.stop();
    return ((await usedBytes(redis.client)) - before) / sessions;
  } finally {
    await redis.stop();
  }
}

async function heldBy(url: string): Promise<number> {
  const metrics = await (await fetch(`${url}/metrics`)).text();
  return Number(/^near_cache_entries(?:\{[^}]*\})? (\d+)/m.exec(metrics)?.[1]);
}
