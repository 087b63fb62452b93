import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { publicView } from '../../../src/session/session.ts';
import { createSession } from './schemas.ts';

export default (async (fastify) => {
  fastify.post('', { schema: createSession(fastify.config) }, async (request, reply) => {
    const { userId, metadata = {}, claims = {}, device = {}, idleSeconds, absoluteSeconds } = request.body;
    const { session, token } = await fastify.sessions.start({
      userId,
      metadata,
      claims,
      device: { ip: device.ip ?? '', userAgent: device.userAgent ?? '' },
      idleMs: milliseconds(idleSeconds),
      absoluteMs: milliseconds(absoluteSeconds),
    });
    return reply
      .code(201)
      .forSession(session)
      .send({ session: publicView(session), token });
  });
}) satisfies FastifyPluginAsyncTypebox;

function milliseconds(seconds: number | undefined): number | undefined {
  return seconds === undefined ? undefined : seconds * 1000;
}
