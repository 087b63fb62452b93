import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { untilAnswers } from '../lib/answer.ts';
import { cpuMs, freePort, type Started, start, temporaryFolder } from '../lib/process.ts';
import { callsBetween, commandCalls, startRedis } from '../lib/redis.ts';
import { seedSessions } from '../lib/seed.ts';
import { type Service, startService } from '../lib/service.ts';
import { type Again, type Load, runWrk } from '../lib/wrk.ts';

export interface Scale {
  readonly pods: number;
  readonly perSecond: number;
  /** CPU time of all pods, of HAProxy and of Redis per request, microseconds. */
  readonly podsUs: number;
  readonly proxyUs: number;
  readonly redisUs: number;
  readonly commands: number;
}

const USED = 1000;
const WARM_UP_SECONDS = 3;
const SCRIPT = join(import.meta.dirname, '..', 'lib', 'cookies.lua');

/**
 * Hot verifications of 1,000 sessions through HAProxy, round robin over so many pods. The processes share all cores:
 * where there are fewer cores than processes, look at the CPU time per request and not at the requests/s.
 */
export async function measureScale(options: {
  readonly users: string;
  readonly counts: readonly number[];
  readonly seconds: number;
  readonly again: Again;
}): Promise<Scale[]> {
  const { users, counts, seconds, again } = options;
  const redis = await startRedis('any');
  const folder = temporaryFolder();
  const pods: Service[] = [];
  const scales: Scale[] = [];

  async function measure(load: Omit<Load, 'seconds'>, proxy: Started): Promise<Scale> {
    const used = () => [sum(pods.map(({ pid }) => cpuMs(pid))), cpuMs(proxy.pid), cpuMs(redis.pid)] as const;
    const [callsBefore, before] = [await commandCalls(redis.client), used()];
    const { requests, perSecond } = await runWrk({ ...load, seconds, core: 'any' });
    const after = used();
    const each = (at: 0 | 1 | 2) => ((after[at] - before[at]) * 1000) / requests;
    const commands = callsBetween(callsBefore, await commandCalls(redis.client)) / requests;
    return { pods: pods.length, perSecond, podsUs: each(0), proxyUs: each(1), redisUs: each(2), commands };
  }

  try {
    const tokens = join(folder, 'tokens');
    await writeFile(tokens, (await seedSessions(redis.client, { count: USED, tokens: USED })).join('\n'));
    for (const count of counts) {
      while (pods.length < count) pods.push(await startService({ redisUrl: redis.url, users, core: 'any' }));
      const port = await freePort();
      const config = join(folder, `haproxy-${count}.cfg`);
      await writeFile(config, haproxyConfig(port, pods));
      const proxy = await start(['haproxy', '-V', '-f', config], { core: 'any', sign: 'Using ' });
      await untilAnswers(`http://127.0.0.1:${port}/healthz`);
      const load = { url: `http://127.0.0.1:${port}/verify`, headers: {}, script: [SCRIPT, tokens] as const };
      await runWrk({ ...load, seconds: WARM_UP_SECONDS, core: 'any', warmUp: true });
      scales.push(await again(() => measure(load, proxy)));
      await proxy.stop();
    }
    return scales;
  } finally {
    for (const pod of pods) await pod.stop();
    await redis.stop();
  }
}

function haproxyConfig(port: number, pods: readonly Service[]): string {
  const servers = pods.map(({ url }, pod) => `  server pod${pod} ${new URL(url).host}`);
  return `
global
  nbthread 1
defaults
  mode http
  timeout connect 2s
  timeout client 30s
  timeout server 30s
frontend in
  bind 127.0.0.1:${port}
  default_backend pods
backend pods
  balance roundrobin
  http-reuse always
${servers.join('\n')}
`;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
