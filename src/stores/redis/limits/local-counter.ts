import { LRUCache } from 'lru-cache';

/** How often something was counted in a window, and how long the window lasts still. */
export interface Count {
  readonly current: number;
  /** Milliseconds until the window ends. */
  readonly ttl: number;
}

const MAX_KEYS = 50_000;

/** Creates counters of this process: a fixed window per key, which begins with its first count. */
export function createLocalCounter() {
  const windows = new LRUCache<string, { count: number; readonly end: number }>({ max: MAX_KEYS });

  return {
    /** Counts one. */
    count(key: string, windowMs: number): Count {
      const now = performance.now();
      let window = windows.get(key);
      if (window === undefined || window.end <= now) {
        window = { count: 0, end: now + windowMs };
        windows.set(key, window);
      }
      window.count += 1;
      return { current: window.count, ttl: Math.ceil(window.end - now) };
    },

    /** Takes one count back. */
    giveBack(key: string): void {
      const window = windows.get(key);
      if (window !== undefined && window.count > 0) window.count -= 1;
    },
  };
}
