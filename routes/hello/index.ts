import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { hello } from './schemas.ts';

export default (async (fastify) => {
  fastify.get('', { schema: hello }, async () => ({ message: 'Hello from sessiond!' }));
}) satisfies FastifyPluginAsyncTypebox;
