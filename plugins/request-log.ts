import fp from 'fastify-plugin';

const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);

/** One line for each request that changes something or fails; the rest, and what was turned away, is in the metrics. */
export default fp(
  async (fastify) => {
    fastify.addHook('onSend', (request, reply, payload, done) => {
      if (!request.shed && (reply.statusCode >= 400 || !SAFE_METHODS.has(request.method))) {
        fastify.log.info(
          { req: request, res: reply, service: request.service, ms: Math.round(reply.elapsedMs()) },
          'request',
        );
      }
      done(null, payload);
    });
  },
  { name: 'request-log', dependencies: ['metrics', 'service', 'shedding'] },
);
