import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { publicView } from '../../src/session/session.ts';
import { login } from './schemas.ts';

export default (async (fastify) => {
  fastify.post('', { schema: login }, async (request, reply) => {
    const started = await fastify.login(request, request.body);
    return reply.giveToken(started).send(publicView(started.session));
  });
}) satisfies FastifyPluginAsyncTypebox;
