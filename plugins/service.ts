import type { FastifyRequest } from 'fastify';
import fp from 'fastify-plugin';
import { ApiError } from '../src/http/errors.ts';
import { bearerToken } from '../src/http/presented.ts';
import { parseScopes, scopeOf } from '../src/http/scopes.ts';
import { isSameSecret } from '../src/http/secret.ts';

declare module 'fastify' {
  interface FastifyInstance {
    /**
     * Hook `onRequest` of routes for trusted services: sets `request.service`.
     *
     * @throws `SERVICE_KEY_REQUIRED`; `RATE_LIMITED` after too many wrong keys from one address; `SCOPE_REQUIRED` when
     *   the service lacks the scope that the route's schema names in `security`
     */
    requireService(request: FastifyRequest): Promise<void>;
  }
  interface FastifyRequest {
    /** Name of the service that calls, on routes with `requireService`; for logs. */
    service: string | undefined;
  }
}

/** Trusted services, known by SERVICE_KEYS, and what SERVICE_SCOPES allows them. Without keys nobody is one. */
export default fp(
  async (fastify) => {
    const { config, limits } = fastify;
    const scopesOf = new Map(config.SERVICE_SCOPES.map(parseScopes).map((entry) => [entry?.name, entry?.scopes]));
    const services = config.SERVICE_KEYS.map((pair) => {
      const end = pair.indexOf(':');
      const name = pair.slice(0, end);
      return { name, key: pair.slice(end + 1), scopes: scopesOf.get(name) };
    });

    fastify.decorateRequest('service', undefined);

    fastify.decorate('requireService', async (request: FastifyRequest) => {
      const presented = bearerToken(request.headers.authorization);
      // Every key is compared, so that the time taken does not depend on which one matches.
      const [service] = services.filter(({ key }) => isSameSecret(presented ?? '', key));
      if (service === undefined) {
        if (presented !== undefined) await limits.wrongKey(request);
        throw new ApiError('SERVICE_KEY_REQUIRED');
      }
      request.service = service.name;
      const scope = scopeOf(request.routeOptions.schema);
      if (scope !== undefined && service.scopes?.has(scope) === false) throw new ApiError('SCOPE_REQUIRED');
    });
  },
  { name: 'service', dependencies: ['config', 'rate-limit'] },
);
