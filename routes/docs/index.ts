import fastifyHelmet from '@fastify/helmet';
import fastifySwaggerUi from '@fastify/swagger-ui';
import type { FastifyPluginAsync } from 'fastify';

/** Pages for people: the API to read and try, and `/docs/json` for programs. */
export default (async (fastify) => {
  // Headers for pages; they would cost JSON answers more than the rest of the work.
  await fastify.register(fastifyHelmet, { contentSecurityPolicy: false });
  await fastify.register(fastifySwaggerUi, { routePrefix: '', staticCSP: true, uiConfig: { docExpansion: 'list' } });
}) satisfies FastifyPluginAsync;
