import Fastify from 'fastify';
import t from 'tap';
import autohooks from '../../../routes/v1/autohooks.ts';
import { forServices } from '../../../src/http/schemas.ts';

t.test('a route for services that names no scope keeps the service from starting', async (t) => {
  const start = async (schema: object) => {
    const app = Fastify().decorate('requireService', async () => undefined);
    t.teardown(() => app.close());
    await app.register(
      async (v1) => {
        await autohooks(v1);
        v1.get('/reports', { schema }, async () => ({}));
      },
      { prefix: '/v1' },
    );
  };
  await t.rejects(start({}), { message: /GET \/v1\/reports names no scope/ });
  await t.rejects(start({ security: [{ service: [] }] }), { message: /names no scope/ });
  await t.resolves(start(forServices('users')));
});
