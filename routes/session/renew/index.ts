import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { publicView } from '../../../src/session/session.ts';
import { renewSession } from './schemas.ts';

export default (async (fastify) => {
  const { authenticate, sessions } = fastify;

  fastify.post('', { schema: renewSession, onRequest: authenticate }, async (request, reply) => {
    const renewed = await sessions.renew(request.presentedToken().token ?? '');
    if (renewed === undefined) throw reply.noSession();
    return reply.giveToken(renewed).send(publicView(renewed.session));
  });
}) satisfies FastifyPluginAsyncTypebox;
