import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { startRedis } from '../lib/redis.ts';
import { logIn, startService, USER } from '../lib/service.ts';

const LOGINS = 20;
const SETTLE_MS = 500;

/** Commands a login sends to Redis, as MONITOR shows them: those that name the user or a limit, and run in no script. */
export async function measureLogin(users: string): Promise<number> {
  const redis = await startRedis();
  const service = await startService({ redisUrl: redis.url, users, core: 'server' });
  try {
    await logIn(service.url);
    const monitor = spawn('redis-cli', ['-p', `${redis.port}`, 'monitor'], { stdio: ['ignore', 'pipe', 'ignore'] });
    let shown = '';
    monitor.stdout.setEncoding('utf8').on('data', (text) => (shown += text));
    await once(monitor.stdout, 'data');
    for (let login = 0; login < LOGINS; login += 1) await logIn(service.url);
    await pause(SETTLE_MS);
    monitor.kill();
    return sentByLogins(shown) / LOGINS;
  } finally {
    await service.stop();
    await redis.stop();
  }
}

function sentByLogins(shown: string): number {
  const ofLogin = (line: string) => line.includes(`"${USER}"`) || line.includes(':rate:login:');
  return shown.split('\n').filter((line) => !line.includes(' lua] ') && ofLogin(line)).length;
}
