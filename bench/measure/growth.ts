import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { median } from '../lib/numbers.ts';
import { cpuMs, temporaryFolder } from '../lib/process.ts';
import { startRedis } from '../lib/redis.ts';
import { seedSessions } from '../lib/seed.ts';
import { type Service, startService } from '../lib/service.ts';
import { type Again, runWrk } from '../lib/wrk.ts';

export interface Growth {
  readonly sessions: number;
  /** CPU time of the pod per verification of one of 1,000 sessions, microseconds. */
  readonly hotUs: number;
  readonly coldUs: number;
  /** CPU time of Redis per cold verification, microseconds. */
  readonly redisUs: number;
}

const USED = 1000;
const WARM_UP_SECONDS = 2;
const SCRIPT = join(import.meta.dirname, '..', 'lib', 'cookies.lua');

/** CPU time per verification while so many sessions live: first with 1,000, then with all. */
export async function measureGrowth(options: {
  readonly users: string;
  readonly sessions: number;
  readonly rounds: number;
  readonly seconds: number;
  readonly again: Again;
}): Promise<Growth[]> {
  const { users, sessions, rounds, seconds, again } = options;
  const redis = await startRedis();
  const folder = temporaryFolder();
  const file = join(folder, 'tokens');
  const hot = await startService({ redisUrl: redis.url, users, core: 'server' });
  const cold = await startService({ redisUrl: redis.url, users, core: 'server', env: { NEAR_CACHE_MAX: '0' } });
  const load = (url: string, seconds: number, warmUp = false) =>
    runWrk({ url: `${url}/verify`, headers: {}, seconds, script: [SCRIPT, file], warmUp });

  async function cost(pod: Service): Promise<{ podUs: number; redisUs: number }> {
    const [podBefore, redisBefore] = [cpuMs(pod.pid), cpuMs(redis.pid)];
    const { requests } = await load(pod.url, seconds);
    const each = (ms: number) => (ms * 1000) / requests;
    return { podUs: each(cpuMs(pod.pid) - podBefore), redisUs: each(cpuMs(redis.pid) - redisBefore) };
  }

  async function measure(sessions: number): Promise<Growth> {
    const used = { hot: [] as number[], cold: [] as number[], redis: [] as number[] };
    for (let round = 0; round < rounds; round += 1) {
      for (const [kind, pod] of Object.entries({ hot, cold })) {
        await load(pod.url, WARM_UP_SECONDS, true);
        const { podUs, redisUs } = await again(() => cost(pod));
        used[kind as 'hot' | 'cold'].push(podUs);
        if (kind === 'cold') used.redis.push(redisUs);
      }
    }
    return { sessions, hotUs: median(used.hot), coldUs: median(used.cold), redisUs: median(used.redis) };
  }

  try {
    await writeFile(file, (await seedSessions(redis.client, { count: USED, tokens: USED })).join('\n'));
    const few = await measure(USED);
    await seedSessions(redis.client, { count: sessions - USED, tokens: 0, first: USED });
    return [few, await measure(sessions)];
  } finally {
    await cold.stop();
    await hot.stop();
    await redis.stop();
  }
}
