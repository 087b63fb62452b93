import type { FastifyInstance } from 'fastify';

/** Everything below this folder is for trusted services, each with a scope, and not for a cache on the way to them. */
export default async function requireService(fastify: FastifyInstance): Promise<void> {
  fastify.addHook('onRequest', fastify.requireService);
  fastify.addHook('onRequest', (_request, reply, done) => {
    reply.header('cache-control', 'no-store');
    done();
  });
}
