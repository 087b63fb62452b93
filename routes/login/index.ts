import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { publicView } from '../../src/session/session.ts';
import { login } from './schemas.ts';

export default (async (fastify) => {
  fastify.post('/', { schema: login }, async (request, reply) => {
    const { remember = false, ...form } = request.body;
    const started = await fastify.login(request, form);
    return reply.giveToken(started, { remember }).send(publicView(started.session));
  });
}) satisfies FastifyPluginAsyncTypebox;
