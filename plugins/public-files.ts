import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import type { FastifyReply, FastifyRequest } from 'fastify';
import fp from 'fastify-plugin';

declare module 'fastify' {
  interface FastifyInstance {
    /**
     * Reads a file of the folder `public` once, and answers a handler that serves it.
     *
     * @param cacheControl how long browsers and proxies may keep it
     */
    publicFile(name: string, cacheControl: string): Promise<PublicFileHandler>;
  }
}

export type PublicFileHandler = (request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply>;

const PUBLIC = join(import.meta.dirname, '../public');
const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/**
 * Files for browsers: few and small, so they live in memory, and their ETag is the same on every pod. With
 * `@fastify/static`, which opens a file for each request, one connection that asks without reading the responses
 * took 230 MB within seconds (test/src/slow-clients.test.ts); from memory it takes less than 30.
 */
export default fp(
  async (fastify) => {
    fastify.decorate('publicFile', async (name: string, cacheControl: string) => {
      const body = await readFile(join(PUBLIC, name));
      const etag = `"${createHash('sha256').update(body).digest('base64url')}"`;
      const type = TYPES[extname(name)] ?? 'application/octet-stream';
      return async (request: FastifyRequest, reply: FastifyReply) => {
        reply.header('etag', etag).header('cache-control', cacheControl);
        // A proxy that compresses what it passes on makes the tag a weak one.
        const known = request.headers['if-none-match']?.split(',').map((tag) => tag.trim().replace(/^W\//, ''));
        return known?.includes(etag) ? reply.code(304).send() : reply.type(type).send(body);
      };
    });
  },
  { name: 'public-files' },
);
