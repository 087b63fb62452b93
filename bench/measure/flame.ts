import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CpuProfile } from '../lib/flame.ts';
import { temporaryFolder } from '../lib/process.ts';
import { startRedis } from '../lib/redis.ts';
import { logIn, startService, USER_AGENT } from '../lib/service.ts';
import { runWrk } from '../lib/wrk.ts';

const WARM_UP_SECONDS = 3;
const SAMPLE_US = 200;

/** Profiles the service while one session is verified; of the profile, the last `seconds` are under load. */
export async function profileVerify(options: {
  readonly users: string;
  readonly seconds: number;
  readonly env: Readonly<Record<string, string>>;
}): Promise<CpuProfile> {
  const { users, seconds, env } = options;
  const folder = temporaryFolder();
  const redis = await startRedis();
  const profiler = `--cpu-prof --cpu-prof-interval=${SAMPLE_US} --cpu-prof-dir=${folder}`;
  const service = await startService({
    redisUrl: redis.url,
    users,
    core: 'server',
    env: { ...env, NODE_OPTIONS: profiler },
  });
  try {
    const headers = { cookie: await logIn(service.url), 'user-agent': USER_AGENT };
    const url = `${service.url}/verify`;
    await runWrk({ url, headers, seconds: WARM_UP_SECONDS, warmUp: true });
    await runWrk({ url, headers, seconds: seconds + 1, warmUp: true });
    await service.stop();
    const [file] = await readdir(folder);
    return JSON.parse(await readFile(join(folder, file as string), 'utf8'));
  } finally {
    await service.stop();
    await redis.stop();
  }
}
