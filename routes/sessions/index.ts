import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { publicView } from '../../src/session/session.ts';
import { listSessions, revokeSession, revokeSessions } from './schemas.ts';

export default (async (fastify) => {
  const { authenticate, sessions } = fastify;

  fastify.get('', { schema: listSessions, onRequest: authenticate }, async ({ session: own }) => {
    const all = await sessions.listOwn(own);
    return {
      sessions: all.map((session) => ({ ...publicView(session), current: session.sessionId === own.sessionId })),
    };
  });

  fastify.delete('/:sessionId', { schema: revokeSession, onRequest: authenticate }, async (request, reply) => {
    const { sessionId } = request.params;
    await sessions.revokeOwn(request.session, sessionId);
    if (sessionId === request.session.sessionId) reply.clearToken();
    return reply.code(204).send();
  });

  fastify.delete('', { schema: revokeSessions, onRequest: authenticate }, async (request, reply) => {
    const { keepCurrent = false } = request.query;
    const revoked = await sessions.revokeAllOwn(request.session, { keepCurrent });
    if (!keepCurrent) reply.clearToken();
    return reply.send({ revoked });
  });
}) satisfies FastifyPluginAsyncTypebox;
