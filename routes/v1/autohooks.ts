import type { FastifyInstance } from 'fastify';

/** Everything below this folder is for trusted services. */
export default async function requireService(fastify: FastifyInstance): Promise<void> {
  fastify.addHook('onRequest', fastify.requireService);
}
