import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { healthz } from './schemas.ts';

export default (async (fastify) => {
  fastify.get('', { schema: healthz, config: { neverShed: true } }, async () => ({ status: 'ok' }));
}) satisfies FastifyPluginAsyncTypebox;
