// Over real connections: what `inject` sends has no connection that could close.
import { setTimeout as pause } from 'node:timers/promises';
import t from 'tap';
import type { Lock } from '../../../../../../src/session/locks.ts';
import type { Started } from '../../../../../support/fleets.ts';
import { startServer } from '../../../../../support/server.ts';

const KEY = 'a-service-key-of-the-tests-0123456789';
const server = await startServer(t, { SERVICE_KEYS: `tests:${KEY}` });

function ask(method: string, path: string, body?: object, signal: AbortSignal | null = null): Promise<Response> {
  const headers = { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' };
  return fetch(`${server.url}${path}`, { method, headers, body: JSON.stringify(body) ?? null, signal });
}

/** The lock of a new session. */
async function newLock(): Promise<string> {
  const { session } = (await (await ask('POST', '/v1/sessions', { userId: 'ann' })).json()) as Started;
  return `/v1/sessions/${session.sessionId}/lock`;
}

t.test('who waits gets the lock when the lease before it ends', async (t) => {
  const lock = await newLock();
  const first = (await (await ask('PUT', lock, { ttlMs: 300 })).json()) as Lock;
  const waited = await ask('PUT', lock, { waitMs: 10_000 });
  t.equal(waited.status, 200);
  t.ok(((await waited.json()) as Lock).fence > first.fence);
});

t.test('who waits in vain hears so when the wait is over', async (t) => {
  const lock = await newLock();
  await ask('PUT', lock, { ttlMs: 30_000 });
  const begin = performance.now();
  t.match(await (await ask('PUT', lock, { waitMs: 300 })).json(), { statusCode: 423, code: 'SESSION_LOCKED' });
  t.ok(performance.now() - begin > 250);
});

t.test('who leaves while waiting does not get the lock', async (t) => {
  const lock = await newLock();
  await ask('PUT', lock, { ttlMs: 500 });
  const controller = new AbortController();
  const leaving = ask('PUT', lock, { ttlMs: 30_000, waitMs: 10_000 }, controller.signal);
  await pause(100);
  controller.abort();
  await t.rejects(leaving, { name: 'AbortError' });
  t.equal((await ask('PUT', lock, { waitMs: 5000 })).status, 200);
});
