import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { publicView } from '../../../../../src/session/session.ts';
import { listUserSessions, revokeUserSessions } from './schemas.ts';

export default (async (fastify) => {
  const { sessions } = fastify;

  fastify.get('', { schema: listUserSessions }, async (request, reply) => {
    const { limit = 100, cursor } = request.query;
    const { userId } = request.params;
    const page = await sessions.list({ userId, limit, after: cursor === undefined ? undefined : parseCursor(cursor) });
    const nextCursor = page.next === undefined ? null : `${page.next.createdAt}.${page.next.sessionId}`;
    return reply.send({ sessions: page.sessions.map(publicView), nextCursor });
  });

  fastify.delete('', { schema: revokeUserSessions }, async (request, reply) => {
    const revoked = await sessions.revokeUser(request.params.userId, 'service', request.query.except);
    return reply.send({ revoked });
  });
}) satisfies FastifyPluginAsyncTypebox;

/** The schema has seen to its form. */
function parseCursor(cursor: string): { createdAt: number; sessionId: string } {
  const end = cursor.indexOf('.');
  return { createdAt: Number(cursor.slice(0, end)), sessionId: cursor.slice(end + 1) };
}
