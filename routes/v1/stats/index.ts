import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { stats } from './schemas.ts';

export default (async (fastify) => {
  const { sessions, config } = fastify;

  fastify.get('', { schema: stats }, async (_request, reply) =>
    reply.send({
      active: await sessions.count(),
      store: sessions.source,
      maxSessionsPerUser: config.MAX_SESSIONS_PER_USER,
      idleSeconds: config.SESSION_IDLE_SECONDS,
      absoluteSeconds: config.SESSION_ABSOLUTE_SECONDS,
    }),
  );
}) satisfies FastifyPluginAsyncTypebox;
