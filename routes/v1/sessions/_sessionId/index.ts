import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { ApiError } from '../../../../src/http/errors.ts';
import { changeOf } from '../../../../src/http/session-patch.ts';
import { publicView } from '../../../../src/session/session.ts';
import { endSession, getSession, patchSession } from './schemas.ts';

export default (async (fastify) => {
  const { sessions } = fastify;

  fastify.get('', { schema: getSession }, async (request, reply) => {
    const session = await sessions.get(request.params.sessionId);
    if (session === undefined) throw new ApiError('SESSION_NOT_FOUND');
    return reply.forSession(session).header('etag', `"${session.version}"`).send(publicView(session));
  });

  fastify.patch('', { schema: patchSession }, async (request, reply) => {
    const session = await sessions.patch(changeOf(request.params.sessionId, request));
    if (session === undefined) throw new ApiError('SESSION_NOT_FOUND');
    return reply.forSession(session).header('etag', `"${session.version}"`).send(publicView(session));
  });

  fastify.delete('', { schema: endSession }, async (request, reply) => {
    await sessions.revoke(request.params.sessionId, 'service');
    return reply.code(204).send();
  });
}) satisfies FastifyPluginAsyncTypebox;
