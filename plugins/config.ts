import fp from 'fastify-plugin';
import type { Config } from '../src/config/load.ts';

declare module 'fastify' {
  interface FastifyInstance {
    /** The settings of this run. */
    readonly config: Config;
  }
}

export default fp<{ config: Config }>(
  async (fastify, { config }) => {
    fastify.decorate('config', config);
  },
  { name: 'config' },
);
