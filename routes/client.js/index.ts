import type { FastifyPluginAsync } from 'fastify';
import { client } from './schemas.ts';

/** The module that keeps a page's session alive; what it offers stands in public/client.d.ts. */
export default (async (fastify) => {
  fastify.get('', { schema: client }, await fastify.publicFile('client.js', 'public, max-age=300'));
}) satisfies FastifyPluginAsync;
