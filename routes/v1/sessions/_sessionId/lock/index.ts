import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { lockSession, unlockSession } from './schemas.ts';

export default (async (fastify) => {
  const { sessions } = fastify;

  fastify.put('/', { schema: lockSession }, async (request, reply) => {
    const { ttlMs = 500, waitMs = 0 } = request.body ?? {};
    const { sessionId } = request.params;
    const lock = await sessions.lock({ sessionId, ttlMs, waitMs, signal: request.signal });
    return reply.header('cache-control', 'no-store').send(lock);
  });

  fastify.delete('/', { schema: unlockSession }, async (request, reply) => {
    await sessions.unlock(request.params.sessionId, request.headers['x-lock-token']);
    return reply.code(204).send();
  });
}) satisfies FastifyPluginAsyncTypebox;
