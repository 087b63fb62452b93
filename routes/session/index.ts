import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { ApiError } from '../../src/errors.ts';
import { publicView } from '../../src/session/session.ts';
import { changeOf } from '../../src/session-patch.ts';
import { readSession, startSession, updateSession } from './schemas.ts';

export default (async (fastify) => {
  const { authenticate, sessions, limits } = fastify;

  fastify.post('/', { schema: startSession }, async (request, reply) => {
    const session = await request.findSession();
    if (session !== undefined) return reply.forSession(session).send(publicView(session));
    await limits.start(request);
    const started = await sessions.startAnonymous(request.device());
    return reply.code(201).giveToken(started).send(publicView(started.session));
  });

  fastify.get('/', { schema: readSession, onRequest: authenticate }, ({ session }, reply) => {
    reply.header('etag', `"${session.version}"`).send(publicView(session));
  });

  fastify.patch('/', { schema: updateSession, onRequest: authenticate }, async (request, reply) => {
    const session = await sessions.patch(changeOf(request.session.sessionId, request));
    if (session === undefined) throw new ApiError('NO_SESSION');
    return reply.header('etag', `"${session.version}"`).send(publicView(session));
  });
}) satisfies FastifyPluginAsyncTypebox;
