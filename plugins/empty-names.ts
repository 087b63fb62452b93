import type { FastifyRequest } from 'fastify';
import fp from 'fastify-plugin';
import { ApiError } from '../src/http/errors.ts';

/**
 * Answers 404 to a path with an empty name, such as `/v1/users//sessions`: a client's empty variable must not name
 * something else. Routes are mounted without a trailing slash for the same reason, so `/sessions/` is 404 too.
 */
export default fp(
  async (fastify) => {
    fastify.addHook('onRoute', (route) => {
      if (!route.url.includes('/:')) return;
      route.preValidation = [...[route.preValidation ?? []].flat(), refuseEmptyNames];
    });
  },
  { name: 'empty-names' },
);

async function refuseEmptyNames(request: FastifyRequest): Promise<void> {
  if (Object.values(request.params as Record<string, string>).includes('')) throw new ApiError('NOT_FOUND');
}
