import { mock } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { type KeepAlive, type KeepAliveOptions, keepAlive } from 'sessiond/client';
import type { Test } from 'tap';

export const MINUTE = 60_000;
const START = Date.UTC(2030, 0, 1);
const STEP_MS = 1000;

/** What one tab has sent and heard, as lines `<ms since the start> <what>`. */
export interface FakeTab {
  readonly keeper: KeepAlive;
  readonly sent: string[];
  readonly heard: string[];
}

/** A session as the service keeps it, in a world whose time passes only when the test says so. */
export function fakeService(t: Test, { idleMs = 30 * MINUTE, absoluteMs = 1440 * MINUTE } = {}) {
  mock.timers.enable({ apis: ['setTimeout', 'Date'], now: START });
  t.teardown(() => mock.timers.reset());
  const service = {
    sessionId: 'one',
    createdAt: START,
    lastSeenAt: START,
    revoked: false,
    /** What comes instead of an answer: an HTTP answer, or no connection. */
    fault: undefined as (() => Response) | undefined,
  };
  const absoluteExpiresAt = START + absoluteMs;
  const expiresAt = () => Math.min(service.lastSeenAt + idleMs, absoluteExpiresAt);

  function answer(path: string): Response {
    if (service.fault) return service.fault();
    const { sessionId, createdAt } = service;
    const date = new Date().toUTCString();
    if (service.revoked || Date.now() >= expiresAt()) return new Response(null, { status: 401, headers: { date } });
    service.lastSeenAt = Date.now();
    const headers = { date, 'x-session-expire': new Date(expiresAt()).toISOString() };
    return path.endsWith('/heartbeat')
      ? new Response(null, { status: 204, headers })
      : Response.json({ sessionId, createdAt, absoluteExpiresAt }, { headers });
  }

  /** Opens a tab whose clock is wrong by `skewMs`. */
  async function tab({ skewMs = 0, ...options }: KeepAliveOptions & { skewMs?: number } = {}): Promise<FakeTab> {
    const sent: string[] = [];
    const heard: string[] = [];
    const elapsed = () => Date.now() - START;
    const keeper = keepAlive({
      now: () => Date.now() + skewMs,
      fetch: async (url, init) => {
        sent.push(`${elapsed()} ${init?.method} ${url}`);
        return answer(String(url));
      },
      ...options,
    });
    t.teardown(() => keeper.stop());
    for (const type of ['expiring', 'renewed', 'ended'] as const) {
      keeper.addEventListener(type, () => heard.push(`${elapsed()} ${type}`));
    }
    await settle();
    return { keeper, sent, heard };
  }

  return { service, answer, tab };
}

/** Lets time pass, second by second; `each` is called at the end of every step. */
export async function pass(ms: number, each: () => void = () => undefined): Promise<void> {
  for (let passed = 0; passed < ms; passed += STEP_MS) {
    mock.timers.tick(STEP_MS);
    each();
    await settle();
  }
}

/** Lets answers and news between tabs arrive. */
export async function settle(): Promise<void> {
  for (let turns = 0; turns < 12; turns += 1) await turn();
}
