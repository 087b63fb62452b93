import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { readyz } from './schemas.ts';

export default (async (fastify) => {
  fastify.get('', { schema: readyz, config: { neverShed: true } }, async (_request, reply) => {
    const reasons = await fastify.readiness.reasons();
    return reasons.length === 0
      ? reply.send({ status: 'ready', reasons })
      : reply.code(503).send({ status: 'not ready', reasons });
  });
}) satisfies FastifyPluginAsyncTypebox;
