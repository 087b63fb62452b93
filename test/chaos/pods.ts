import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Owner } from '../support/owner.ts';
import { folderOf, startProxy } from '../support/proxy.ts';
import { freePort } from '../support/redis.ts';
import { ROOT } from '../support/run.ts';
import { type ServerProcess, startServer } from '../support/server.ts';
import { usersText } from '../support/users.ts';

/** Those who may log in, each with the password that `passwordOf` says. */
export const USERS: readonly string[] = Array.from({ length: 48 }, (_, position) => `user-${position}`);

// Longer than the idle timeout: a pod that went by its own clock would call every session expired.
const CLOCK_STEP_MS = 3_600_000;

export interface Pod {
  readonly url: string;
  /** Ends the process as kill -9 does; it may be started again. */
  kill(): Promise<void>;
  start(): Promise<void>;
  /** Moves its clock one hour, ahead or back as the pod was made; again, and it is right again. */
  stepClock(): void;
  /** Whether the process has ended by itself. */
  hasExited(): boolean;
  isReady(): Promise<boolean>;
}

export interface Pods {
  readonly all: readonly Pod[];
  /** The load balancer in front of them. */
  readonly url: string;
}

/**
 * Starts three pods as they run in production, and HAProxy in front of them.
 *
 * @param redisUrls where each of them finds Redis
 * @param prefix REDIS_PREFIX of all
 * @param settings more settings of all
 */
export async function startPods(
  owner: Owner,
  {
    redisUrls,
    prefix,
    settings = {},
  }: {
    readonly redisUrls: readonly string[];
    readonly prefix: string;
    readonly settings?: Readonly<Record<string, string>>;
  },
): Promise<Pods> {
  const users = join(await folderOf(owner, 'chaos'), 'users');
  await writeFile(users, usersText(USERS));
  const common = {
    NODE_ENV: 'production',
    SESSION_SECRETS: 'a secret of the chaos suite and of nothing else',
    USERS_FILE: users,
    REDIS_PREFIX: prefix,
    // The load comes from one address, and its users log in without end.
    LOGIN_RATE_MAX: '1000000000',
    LOGIN_RATE_MAX_PER_ADDRESS: '1000000000',
    MAX_SESSIONS_PER_USER: '5000',
    ...settings,
  };
  const all = await Promise.all(
    redisUrls.map((REDIS_URL, position) =>
      startPod(owner, {
        ...common,
        REDIS_URL,
        // One of them goes ahead, one back, and one is never wrong.
        CHAOS_CLOCK_STEP_MS: `${[CLOCK_STEP_MS, -CLOCK_STEP_MS, 0][position]}`,
      }),
    ),
  );
  const listen = `127.0.0.1:${await freePort()}`;
  await startProxy(
    owner,
    { listen, sessiond: [], app: '' },
    ['haproxy', '-db', '-f', join(import.meta.dirname, 'haproxy.cfg')],
    {
      LISTEN: listen,
      UNAVAILABLE: join(ROOT, 'deploy/proxies/haproxy/unavailable.http'),
      ...Object.fromEntries(all.map(({ url }, position) => [`POD${position + 1}`, new URL(url).host])),
    },
  );
  return { all, url: `http://${listen}` };
}

async function startPod(owner: Owner, env: Record<string, string>): Promise<Pod> {
  const port = await freePort();
  const command = [process.execPath, '--import', join(import.meta.dirname, 'clock-shift.ts'), 'src/server.ts'] as const;
  const start = () => startServer(owner, env, { command, port });
  let server: ServerProcess = await start();
  let wanted = true;

  return {
    url: server.url,
    async kill() {
      wanted = false;
      server.process.kill('SIGKILL');
      if (server.process.signalCode === null) await new Promise((resolve) => server.process.once('exit', resolve));
    },
    async start() {
      server = await start();
      wanted = true;
    },
    stepClock: () => void server.process.kill('SIGWINCH'),
    hasExited: () => wanted && (server.process.exitCode !== null || server.process.signalCode !== null),
    isReady: () =>
      fetch(`${server.url}/readyz`, { signal: AbortSignal.timeout(1000) }).then(
        ({ ok }) => ok,
        () => false,
      ),
  };
}
