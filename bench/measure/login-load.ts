import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { hashPassword } from '../../src/credentials/password.ts';
import { median } from '../lib/numbers.ts';
import { ROOT, temporaryFolder } from '../lib/process.ts';
import { startRedis } from '../lib/redis.ts';
import { logIn, passwordOf, startService, USER, USER_AGENT } from '../lib/service.ts';
import { type LoadResult, runWrk } from '../lib/wrk.ts';

/** What verifications and logins cost each other: medians over the rounds. */
export interface LoginLoad {
  readonly verify: Pick<LoadResult, 'perSecond' | 'p99Ms'>;
  readonly verifyDuringLogins: Pick<LoadResult, 'perSecond' | 'p99Ms'>;
  readonly logins: number;
  readonly loginsDuringVerify: number;
}

const PARALLEL_LOGINS = 100;
// Another user than the one whose session is verified: MAX_SESSIONS_PER_USER evicts the oldest.
const VISITOR = 'bob';
const LOGIN_SCRIPT = [join(ROOT, 'bench', 'lib', 'login.lua'), VISITOR, passwordOf(VISITOR)] as const;
// Longer than a round of verifications on each side, so that they are measured under the load.
const MARGIN_SECONDS = 1;
const SETTLE_MS = 3000;

/** Measures hot verifications and logins with an argon2id hash, each alone, then both at the same time. */
export async function measureLoginLoad({ rounds, seconds }: { rounds: number; seconds: number }): Promise<LoginLoad> {
  const users = join(temporaryFolder(), 'users');
  const line = async (name: string) => `${name}:${await hashPassword(passwordOf(name))}\n`;
  await writeFile(users, (await line(USER)) + (await line(VISITOR)));
  const redis = await startRedis();
  const service = await startService({ redisUrl: redis.url, users, core: 'server' });
  try {
    const cookie = await logIn(service.url);
    const verify = (warmUp = false) =>
      runWrk({ url: `${service.url}/verify`, headers: { cookie, 'user-agent': USER_AGENT }, seconds, warmUp });
    const login = (forSeconds: number) =>
      runWrk({
        url: `${service.url}/login`,
        headers: {},
        seconds: forSeconds,
        connections: PARALLEL_LOGINS,
        script: LOGIN_SCRIPT,
        timeoutSeconds: 60,
      });
    await verify(true);
    const samples: { alone: LoadResult; logins: LoadResult; verify: LoadResult; during: LoadResult }[] = [];
    for (let round = 0; round < rounds; round += 1) {
      // Logins that wrk has given up on are still checked.
      await pause(SETTLE_MS);
      const alone = await verify();
      const logins = await login(seconds);
      const [verifyDuring, during] = await Promise.all([
        pause(MARGIN_SECONDS * 1000).then(() => verify()),
        login(seconds + 2 * MARGIN_SECONDS),
      ]);
      samples.push({ alone, logins, verify: verifyDuring, during });
    }
    const middle = (of: (sample: (typeof samples)[number]) => number) => median(samples.map(of));
    return {
      verify: { perSecond: middle(({ alone }) => alone.perSecond), p99Ms: middle(({ alone }) => alone.p99Ms) },
      verifyDuringLogins: {
        perSecond: middle(({ verify }) => verify.perSecond),
        p99Ms: middle(({ verify }) => verify.p99Ms),
      },
      logins: middle(({ logins }) => logins.perSecond),
      loginsDuringVerify: middle(({ during }) => during.perSecond),
    };
  } finally {
    await service.stop();
    await redis.stop();
  }
}
