import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { publicView } from '../../../../../src/session/session.ts';
import { introspectBatch } from './schemas.ts';

const BODY_LIMIT = 1024 * 1024;

export default (async (fastify) => {
  fastify.post('', { schema: introspectBatch, bodyLimit: BODY_LIMIT }, async (request, reply) => {
    // Reads of one turn of the event loop go to Redis in one pipeline.
    const found = await Promise.all(request.body.tokens.map((token) => fastify.sessions.verify(token)));
    const results = found.map((session) =>
      session === undefined ? { active: false } : { active: true, session: publicView(session) },
    );
    return reply.send({ results });
  });
}) satisfies FastifyPluginAsyncTypebox;
