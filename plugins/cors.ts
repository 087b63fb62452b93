import fastifyCors from '@fastify/cors';
import fp from 'fastify-plugin';

const PREFLIGHT_SECONDS = 600;

/** Lets pages of ALLOWED_ORIGINS call with the cookie. Without that setting there is no CORS at all. */
export default fp(
  async (fastify) => {
    const { ALLOWED_ORIGINS: origins } = fastify.config;
    if (origins.length === 0) return;
    await fastify.register(fastifyCors, {
      origin: [...origins],
      credentials: true,
      methods: ['GET', 'POST', 'PATCH', 'DELETE'],
      allowedHeaders: ['authorization', 'content-type', 'if-match'],
      // public/client.js tells the time by `date`.
      exposedHeaders: ['date', 'etag', 'retry-after', 'x-session-expire'],
      maxAge: PREFLIGHT_SECONDS,
    });
  },
  { name: 'cors', dependencies: ['config'] },
);
