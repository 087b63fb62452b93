import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { ApiError } from '../../src/http/errors.ts';
import { logout } from './schemas.ts';

export default (async (fastify) => {
  fastify.post('', { schema: logout }, async (request, reply) => {
    const { from, token } = request.presentedToken();
    if (from === 'ambiguous') throw new ApiError('NO_SESSION');
    if (token !== undefined) await fastify.sessions.logout(token);
    return reply
      .code(204)
      .clearToken()
      .header('clear-site-data', '"cookies", "storage"')
      .header('cache-control', 'no-store')
      .send();
  });
}) satisfies FastifyPluginAsyncTypebox;
