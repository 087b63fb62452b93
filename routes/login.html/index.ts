import fastifyHelmet from '@fastify/helmet';
import type { FastifyPluginAsync } from 'fastify';

const FILES = ['login.css', 'login.js', 'device-name.js', 'icon.svg'];

/** A page to log in and to see one's sessions, on the public routes alone; LOGIN_PAGE turns it on and off. */
export default (async (fastify) => {
  if (!fastify.config.LOGIN_PAGE) return;
  await fastify.register(fastifyHelmet, {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        scriptSrc: ["'self'"],
        styleSrc: ["'self'"],
        imgSrc: ["'self'"],
        connectSrc: ["'self'"],
        formAction: ["'self'"],
        baseUri: ["'none'"],
        frameAncestors: ["'none'"],
      },
    },
    frameguard: { action: 'deny' },
  });
  // The page and its files are of one version; they are small, and asked for again with their ETag.
  const schema = { hide: true };
  fastify.get('', { schema }, await fastify.publicFile('login.html/index.html', 'no-cache'));
  for (const name of FILES) {
    fastify.get(`/${name}`, { schema }, await fastify.publicFile(`login.html/${name}`, 'no-cache'));
  }
}) satisfies FastifyPluginAsync;
