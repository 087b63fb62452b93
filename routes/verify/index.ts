import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { createClaimHeaders } from '../../src/http/claim-headers.ts';
import { headerValue } from '../../src/http/header-value.ts';
import { verify } from './schemas.ts';

export default (async (fastify) => {
  const { CLAIM_HEADERS: names } = fastify.config;
  const claimHeaders = names.length === 0 ? undefined : createClaimHeaders(names);

  fastify.get('', { schema: verify(names), onRequest: fastify.authenticateDegraded }, (request, reply) => {
    const { session } = request;
    const { maxAge } = request.query;
    if (maxAge !== undefined) fastify.sessions.requireFresh(session, maxAge * 1000);
    reply.header('x-session-id', session.sessionId);
    if (session.userId !== null) reply.header('x-session-user', headerValue(session.userId));
    if (claimHeaders !== undefined) {
      for (const [name, value] of claimHeaders(session)) reply.header(name, value);
    }
    reply.send();
  });
}) satisfies FastifyPluginAsyncTypebox;
