import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { FastifyReply } from 'fastify';
import { lockSession, unlockSession } from './schemas.ts';

export default (async (fastify) => {
  const { sessions } = fastify;

  fastify.put('', { schema: lockSession }, async (request, reply) => {
    const { ttlMs = 500, waitMs = 0 } = request.body ?? {};
    const { sessionId } = request.params;
    const lock = await sessions.lock({ sessionId, ttlMs, waitMs, signal: callerLeft(reply) });
    return reply.send(lock);
  });

  fastify.delete('', { schema: unlockSession }, async (request, reply) => {
    await sessions.unlock(request.params.sessionId, request.headers['x-lock-token']);
    return reply.code(204).send();
  });
}) satisfies FastifyPluginAsyncTypebox;

/** Aborts when nobody is there for the answer. Fastify's `request.signal` does so as soon as a body has been read. */
function callerLeft(reply: FastifyReply): AbortSignal {
  const controller = new AbortController();
  reply.raw.once('close', () => controller.abort());
  return controller.signal;
}
