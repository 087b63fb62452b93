import type { FastifyPluginAsync } from 'fastify';
import { client } from './schemas.ts';

/** The module that keeps a page's session alive; what it offers stands in public/client.d.ts. */
export default (async (fastify) => {
  fastify.get('', { schema: client }, (_request, reply) =>
    reply.header('cache-control', 'public, max-age=300').sendFile('client.js'),
  );
}) satisfies FastifyPluginAsync;
