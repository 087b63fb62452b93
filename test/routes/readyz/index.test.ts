import t from 'tap';
import { build } from '../../support/build.ts';

t.test('a pod is ready from listening until it drains, and healthy throughout', async (t) => {
  const { app } = await build(t);
  const responses = async () => [await app.inject('/readyz'), await app.inject('/healthz')] as const;

  const [starting, alive] = await responses();
  t.equal(starting.statusCode, 503);
  t.same(starting.json(), { status: 'not ready', reasons: ['starting'] });
  t.equal(alive.statusCode, 200);
  t.same(alive.json(), { status: 'ok' });

  await app.listen({ host: '127.0.0.1', port: 0 });
  const [serving] = await responses();
  t.equal(serving.statusCode, 200);
  t.same(serving.json(), { status: 'ready', reasons: [] });

  app.readiness.drain();
  const [draining, stillAlive] = await responses();
  t.equal(draining.statusCode, 503);
  t.same(draining.json().reasons, ['draining']);
  t.equal(stillAlive.statusCode, 200);
  t.equal((await app.inject('/hello')).statusCode, 200, 'requests are served while it drains');
});

t.test('GET /hello returns its message', async (t) => {
  const { app } = await build(t);
  const response = await app.inject('/hello');
  t.equal(response.statusCode, 200);
  t.same(response.json(), { message: 'Hello from sessiond!' });
  t.equal((await app.inject('/hello/')).statusCode, 404);
});
