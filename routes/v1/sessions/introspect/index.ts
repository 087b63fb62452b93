import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { publicView } from '../../../../src/session/session.ts';
import { introspect } from './schemas.ts';

export default (async (fastify) => {
  fastify.post('', { schema: introspect }, async (request, reply) => {
    const session = await fastify.sessions.verify(request.body.token);
    if (session === undefined) return reply.send({ active: false });
    return reply.forSession(session).send({ active: true, session: publicView(session) });
  });
}) satisfies FastifyPluginAsyncTypebox;
