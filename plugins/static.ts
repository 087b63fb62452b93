import { join } from 'node:path';
import fastifyStatic from '@fastify/static';
import fp from 'fastify-plugin';

/** `reply.sendFile(name)` for files of the folder public; routes choose the files, and how long they may be kept. */
export default fp(
  async (fastify) => {
    await fastify.register(fastifyStatic, {
      root: join(import.meta.dirname, '../public'),
      serve: false,
      cacheControl: false,
    });
  },
  { name: 'static' },
);
