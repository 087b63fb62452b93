import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import type { Test } from 'tap';
import { startEchoApp } from '../../support/echo-app.ts';
import { send, startWorld, type World } from '../../support/protected.ts';
import type { StartProxy } from '../../support/proxy.ts';
import { freePort } from '../../support/redis.ts';
import { identity } from './identity.ts';
import { outages, UNAVAILABLE } from './outages.ts';
import { traffic } from './traffic.ts';

/** A test case that holds for every proxy. */
export type Case = (t: Test, world: World) => Promise<void>;

/** Tests a proxy, started by `start`: first the cases in `more`, then those common to all proxies. */
export async function protects(t: Test, start: StartProxy, more: Record<string, Case> = {}): Promise<void> {
  const world = await startWorld(t, start);
  for (const [title, run] of Object.entries({ ...more, ...identity, ...traffic, ...outages }))
    await t.test(title, (t) => run(t, world));

  await t.test('while sessiond hangs, requests get 503 within 1.5 s and do not reach the app', async (t) => {
    const silent = createServer((socket) => socket.on('error', () => undefined).resume()).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const app = await startEchoApp(t);
    const port = await freePort();
    const sessiond = [`127.0.0.1:${(silent.address() as AddressInfo).port}`];
    t.teardown(() => silent.close());
    await start(t, { listen: `127.0.0.1:${port}`, sessiond, app: app.address });
    for (const method of ['GET', 'POST']) {
      const answer = await send(port, '/', { method, headers: { cookie: '__Host-sid=x' } });
      t.match(answer.json(), UNAVAILABLE);
      t.match(answer.headers['retry-after'], /^\d+$/);
      t.ok(answer.elapsedMs < 1500, `${answer.elapsedMs} ms`);
    }
    t.same(app.received, []);
  });
}
