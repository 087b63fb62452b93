import type { FastifyInstance, RouteOptions } from 'fastify';
import { scopeOf } from '../../src/http/scopes.ts';

/** Everything below this folder is for trusted services, each with a scope, and not for a cache on the way to them. */
export default async function requireService(fastify: FastifyInstance): Promise<void> {
  fastify.addHook('onRoute', requireScope);
  fastify.addHook('onRequest', fastify.requireService);
  fastify.addHook('onRequest', (_request, reply, done) => {
    reply.header('cache-control', 'no-store');
    done();
  });
}

/** @throws at the start for a route that names no scope: every service could call it, whatever SERVICE_SCOPES says */
function requireScope({ method, url, schema }: RouteOptions): void {
  // The catch-all of index.ts does nothing but answer 404.
  if (schema?.hide || scopeOf(schema) !== undefined) return;
  throw new TypeError(`${method} ${url} names no scope for services: spread forServices(scope) into its schema`);
}
