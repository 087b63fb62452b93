import { Agent, request } from 'node:http';
import { percentile } from '../lib/numbers.ts';
import { startRedis } from '../lib/redis.ts';
import { seedSessions } from '../lib/seed.ts';
import { startService } from '../lib/service.ts';

export interface Propagation {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  readonly repetitions: number;
}

const PODS = 3;

/**
 * How long after a logout was sent to one pod two others still let its session in: all three on one Redis, the session
 * held by all, the two asked over and over.
 */
export async function measurePropagation(users: string, repetitions: number): Promise<Propagation> {
  const redis = await startRedis('any');
  const pods = await Promise.all(
    Array.from({ length: PODS }, () => startService({ redisUrl: redis.url, users, core: 'any' })),
  );
  const agent = new Agent({ keepAlive: true });
  try {
    const tokens = await seedSessions(redis.client, { count: repetitions, tokens: repetitions });
    const took: number[] = [];
    for (const token of tokens) {
      const status = (pod: { url: string } | undefined, path: string, method = 'GET') =>
        statusOf(`${pod?.url}${path}`, { agent, method, headers: { cookie: `__Host-sid=${token}` } });
      const [first, ...others] = pods;
      // The second time it is answered from what is held.
      for (const pod of [...pods, ...pods]) await status(pod, '/verify');
      const begin = performance.now();
      const refusedAfter = async (pod: { url: string }) => {
        while ((await status(pod, '/verify')) === 200);
        return performance.now() - begin;
      };
      const refused = others.map(refusedAfter);
      if ((await status(first, '/logout', 'POST')) >= 300) throw new Error('The logout failed');
      took.push(Math.max(...(await Promise.all(refused))));
    }
    const at = (percent: number) => percentile(took, percent);
    return { p50Ms: at(50), p99Ms: at(99), maxMs: Math.max(...took), repetitions };
  } finally {
    agent.destroy();
    for (const pod of pods) await pod.stop();
    await redis.stop();
  }
}

function statusOf(url: string, options: { agent: Agent; method: string; headers: Record<string, string> }) {
  return new Promise<number>((resolve, reject) => {
    request(url, options, (answer) => {
      answer.resume().once('end', () => resolve(answer.statusCode ?? 0));
    })
      .once('error', reject)
      .end();
  });
}
