import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { headerValue } from '../../src/http/header-value.ts';
import { verify } from './schemas.ts';

export default (async (fastify) => {
  fastify.get('', { schema: verify, onRequest: fastify.authenticateDegraded }, (request, reply) => {
    const { session } = request;
    const { maxAge } = request.query;
    if (maxAge !== undefined) fastify.sessions.requireFresh(session, maxAge * 1000);
    reply.header('x-session-id', session.sessionId);
    if (session.userId !== null) reply.header('x-session-user', headerValue(session.userId));
    reply.send();
  });
}) satisfies FastifyPluginAsyncTypebox;
