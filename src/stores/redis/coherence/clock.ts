import type { RedisClient } from '../connection/connect.ts';
import { withDeadline } from '../connection/deadline.ts';

const RESYNC_MS = 30_000;
const RETRY_MS = 1000;
// A slower answer is less accurate than the offset measured before.
const LATEST_MS = 1000;

export interface RedisClock {
  now(): number;
  stop(): void;
}

/**
 * Redis' clock: this pod's clock plus the offset measured with TIME at every connection and every 30 s, accurate to half
 * a round trip (Cristian's algorithm). Pods with different clocks agree by it.
 */
export function createRedisClock(client: RedisClient, now: () => number = Date.now): RedisClock {
  let offset = 0;
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;

  async function measure(): Promise<void> {
    const sent = now();
    const [seconds, microseconds] = await withDeadline(client.time(), LATEST_MS);
    const received = now();
    offset = Number(seconds) * 1000 + Number(microseconds) / 1000 - (sent + received) / 2;
  }

  async function keepMeasuring(): Promise<void> {
    const pause = await measure().then(
      () => RESYNC_MS,
      () => RETRY_MS,
    );
    clearTimeout(timer);
    if (!stopped) timer = setTimeout(keepMeasuring, pause).unref();
  }

  client.on('ready', keepMeasuring);
  if (client.status === 'ready') void keepMeasuring();

  return {
    now: () => Math.round(now() + offset),
    stop: () => {
      stopped = true;
      clearTimeout(timer);
      client.off('ready', keepMeasuring);
    },
  };
}
