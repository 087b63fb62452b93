import fastifyHelmet from '@fastify/helmet';
import fastifySwaggerUi from '@fastify/swagger-ui';
import type { FastifyPluginAsync } from 'fastify';

/** Pages for people: the API to read and try, and `/docs/json` for programs. */
export default (async (fastify) => {
  // Headers for pages; they would cost JSON answers more than the rest of the work.
  await fastify.register(fastifyHelmet, { contentSecurityPolicy: false });
  // An empty prefix would count as none, and the pages be under /docs/documentation.
  await fastify.register(fastifySwaggerUi, {
    routePrefix: '/',
    staticCSP: true,
    transformStaticCSP: overHttpToo,
    uiConfig: { docExpansion: 'list' },
  });
  // The page's links are relative to /docs/.
  fastify.get('', { schema: { hide: true } }, async (_request, reply) => reply.redirect('docs/'));
}) satisfies FastifyPluginAsync;

/** The page's own files come the way the page came; a service behind a proxy may well answer over HTTP. */
function overHttpToo(policy: string): string {
  return policy.replace(/\s*upgrade-insecure-requests;?/, '');
}
