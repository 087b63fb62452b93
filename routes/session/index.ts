import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { ApiError } from '../../src/http/errors.ts';
import { changeOf } from '../../src/http/session-patch.ts';
import { publicView, type Session } from '../../src/session/session.ts';
import { readSession, startSession, updateSession } from './schemas.ts';

export default (async (fastify) => {
  const { authenticate, sessions, limits } = fastify;
  // A session in use is the same object at every request: its JSON is made once, which saves 2 µs a request.
  const bodies = new WeakMap<Session, string>();

  fastify.post('', { schema: startSession }, async (request, reply) => {
    const session = await request.findSession();
    if (session !== undefined) return reply.forSession(session).send(publicView(session));
    await limits.start(request);
    const started = await sessions.startAnonymous(request.device());
    return reply.code(201).giveToken(started).send(publicView(started.session));
  });

  fastify.get('', { schema: readSession, onRequest: authenticate }, ({ session }, reply) => {
    let body = bodies.get(session);
    if (body === undefined) {
      body = reply.serialize(publicView(session)) as string;
      bodies.set(session, body);
    }
    // As it is: the type provider knows of no body that is text already.
    reply
      .header('etag', `"${session.version}"`)
      .type('application/json; charset=utf-8')
      .send(body as never);
  });

  fastify.patch('', { schema: updateSession, onRequest: authenticate }, async (request, reply) => {
    const session = await sessions.patch(changeOf(request.session.sessionId, request));
    if (session === undefined) throw new ApiError('NO_SESSION');
    return reply.header('etag', `"${session.version}"`).send(publicView(session));
  });
}) satisfies FastifyPluginAsyncTypebox;
