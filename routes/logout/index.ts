import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { logout } from './schemas.ts';

export default (async (fastify) => {
  fastify.post('/', { schema: logout }, async (request, reply) => {
    const session = await request.findSession();
    if (session !== undefined) await fastify.sessions.revoke(session.sessionId, 'logout');
    return reply
      .code(204)
      .clearToken()
      .header('clear-site-data', '"cookies", "storage"')
      .header('cache-control', 'no-store')
      .send();
  });
}) satisfies FastifyPluginAsyncTypebox;
