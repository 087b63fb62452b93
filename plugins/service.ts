import type { FastifyRequest } from 'fastify';
import fp from 'fastify-plugin';
import { ApiError } from '../src/http/errors.ts';
import { bearerToken } from '../src/http/presented.ts';
import { isSameSecret } from '../src/http/secret.ts';

declare module 'fastify' {
  interface FastifyInstance {
    /** Hook `onRequest` of routes for trusted services: sets `request.service`, or answers 401 `SERVICE_KEY_REQUIRED`. */
    requireService(request: FastifyRequest): Promise<void>;
  }
  interface FastifyRequest {
    /** Name of the service that calls, on routes with `requireService`; for logs. */
    service: string | undefined;
  }
}

/** Trusted services, known by SERVICE_KEYS. Without keys nobody is one. */
export default fp(
  async (fastify) => {
    const keys = fastify.config.SERVICE_KEYS.map((pair) => {
      const end = pair.indexOf(':');
      return { name: pair.slice(0, end), key: pair.slice(end + 1) };
    });

    fastify.decorateRequest('service', undefined);

    fastify.decorate('requireService', async (request: FastifyRequest) => {
      const presented = bearerToken(request.headers.authorization) ?? '';
      // Every key is compared, whichever fits.
      const fitting = keys.filter(({ key }) => isSameSecret(presented, key));
      if (fitting[0] === undefined) throw new ApiError('SERVICE_KEY_REQUIRED');
      request.service = fitting[0].name;
    });
  },
  { name: 'service', dependencies: ['config'] },
);
