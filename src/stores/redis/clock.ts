import type { RedisClient } from './connect.ts';

const RESYNC_MS = 30_000;

export interface RedisClock {
  now(): number;
  stop(): void;
}

/**
 * Redis' clock as seen from here: this pod's clock plus the difference measured with TIME at every connection and
 * every half minute, right to half a round trip. Pods whose own clocks differ agree by it (Cristian's algorithm).
 */
export function createRedisClock(client: RedisClient, now: () => number = Date.now): RedisClock {
  let offset = 0;

  async function measure(): Promise<void> {
    const sent = now();
    const [seconds, microseconds] = await client.time();
    const received = now();
    offset = Number(seconds) * 1000 + Number(microseconds) / 1000 - (sent + received) / 2;
  }

  // Without an answer the difference measured before stays the best there is.
  const remeasure = () => void measure().catch(() => undefined);
  const timer = setInterval(remeasure, RESYNC_MS).unref();
  client.on('ready', remeasure);
  if (client.status === 'ready') remeasure();

  return {
    now: () => Math.round(now() + offset),
    stop: () => {
      clearInterval(timer);
      client.off('ready', remeasure);
    },
  };
}
