import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { ApiError } from '../../src/http/errors.ts';
import { bearerToken } from '../../src/http/presented.ts';
import { isSameSecret } from '../../src/http/secret.ts';
import { metrics } from './schemas.ts';

export default (async (fastify) => {
  const { METRICS_TOKEN: token } = fastify.config;

  fastify.get('', { schema: metrics, config: { neverShed: true } }, async (request, reply) => {
    if (token !== undefined && !isSameSecret(bearerToken(request.headers.authorization) ?? '', token)) {
      throw new ApiError('METRICS_TOKEN_REQUIRED');
    }
    const { body, contentType } = await fastify.meters.text();
    return reply.type(contentType).send(body);
  });
}) satisfies FastifyPluginAsyncTypebox;
