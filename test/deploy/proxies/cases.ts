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

/** Something that every proxy with our configuration does, whichever it is. */
export type Case = (t: Test, world: World) => Promise<void>;

/** Tests a proxy, started by `start`: first what is special about it, then what all have in common. */
export async function protects(t: Test, start: StartProxy, more: Record<string, Case> = {}): Promise<void> {
  const world = await startWorld(t, start);
  for (const [sentence, run] of Object.entries({ ...more, ...identity, ...traffic, ...outages }))
    await t.test(sentence, (t) => run(t, world));

  await t.test('a sessiond that hangs is 503, quickly, and nobody gets in', async (t) => {
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
