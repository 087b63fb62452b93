import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { heartbeat } from './schemas.ts';

export default (async (fastify) => {
  // To be recognised is to be seen; there is nothing more to do.
  fastify.post('', { schema: heartbeat, onRequest: fastify.authenticate }, async (_request, reply) =>
    reply.code(204).send(),
  );
}) satisfies FastifyPluginAsyncTypebox;
