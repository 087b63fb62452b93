import { readFile } from 'node:fs/promises';
import fastifyHelmet from '@fastify/helmet';
import fastifySwaggerUi from '@fastify/swagger-ui';
import type { FastifyPluginAsync } from 'fastify';

const ICON = new URL('../../public/login.html/icon.svg', import.meta.url);

/** Pages for people: the API to read and try, and `/docs/json` for programs. */
export default (async (fastify) => {
  // Headers for pages; they would cost JSON answers more than the rest of the work.
  await fastify.register(fastifyHelmet, { contentSecurityPolicy: false });
  const icon = await readFile(ICON);
  let text: string | undefined;
  // An empty prefix would count as none, and the pages be under /docs/documentation.
  await fastify.register(fastifySwaggerUi, {
    routePrefix: '/',
    staticCSP: true,
    transformStaticCSP: overHttpToo,
    uiConfig: { docExpansion: 'list' },
    logo: { type: 'image/svg+xml', content: icon, href: '/docs/', target: '_self' },
    theme: {
      title: 'sessiond',
      favicon: [{ filename: 'icon.svg', rel: 'icon', type: 'image/svg+xml', sizes: 'any', content: icon.toString() }],
    },
    uiHooks: {
      // The plugin would turn the document into text at every request.
      preHandler(request, reply, next) {
        if (request.routeOptions.url?.endsWith('/json') !== true) return next();
        text ??= JSON.stringify(fastify.swagger());
        reply.type('application/json; charset=utf-8').send(text);
      },
    },
  });
  // The page's links are relative to /docs/.
  fastify.get('', { schema: { hide: true } }, async (_request, reply) => reply.redirect('docs/'));
}) satisfies FastifyPluginAsync;

/** The page's own files come the way the page came; a service behind a proxy may well answer over HTTP. */
function overHttpToo(policy: string): string {
  return policy.replace(/\s*upgrade-insecure-requests;?/, '');
}
