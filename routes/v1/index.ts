import type { FastifyPluginAsync } from 'fastify';

/** What does not exist below /v1 is 404 to services alone; anybody else gets 401, as on the routes that exist. */
export default (async (fastify) => {
  fastify.all('/*', { schema: { hide: true } }, async (_request, reply) => reply.callNotFound());
}) satisfies FastifyPluginAsync;
