import { shardNames } from '../../src/session/session-id.ts';
import { commandCalls, startRedis } from '../lib/redis.ts';
import { logIn, startService } from '../lib/service.ts';

const LOGINS = 200;

/**
 * Commands a login sends to Redis. All of them are scripts; so are the sweeps meanwhile, one for each shard after one
 * SET of the pod that sweeps, and they are taken off. A login itself runs one SET, in its script.
 */
export async function measureLogin(users: string): Promise<number> {
  const redis = await startRedis();
  const service = await startService({ redisUrl: redis.url, users, core: 'server' });
  try {
    await logIn(service.url);
    const before = await commandCalls(redis.client);
    for (let login = 0; login < LOGINS; login += 1) await logIn(service.url);
    const after = await commandCalls(redis.client);
    const calls = (name: string) => (after.get(name) ?? 0) - (before.get(name) ?? 0);
    const sweeps = calls('set') - LOGINS;
    return Math.round((calls('evalsha') + calls('eval') - sweeps * shardNames.length) / LOGINS);
  } finally {
    await service.stop();
    await redis.stop();
  }
}
