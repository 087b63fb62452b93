import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { ApiError } from '../../../../../src/http/errors.ts';
import { publicView } from '../../../../../src/session/session.ts';
import { renewById } from './schemas.ts';

export default (async (fastify) => {
  fastify.post('', { schema: renewById }, async (request, reply) => {
    const renewed = await fastify.sessions.renewById(request.params.sessionId);
    if (renewed === undefined) throw new ApiError('SESSION_NOT_FOUND');
    const { session, token } = renewed;
    return reply.forSession(session).send({ session: publicView(session), token });
  });
}) satisfies FastifyPluginAsyncTypebox;
