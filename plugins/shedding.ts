import { monitorEventLoopDelay } from 'node:perf_hooks';
import fp from 'fastify-plugin';
import { ApiError } from '../src/http/errors.ts';

declare module 'fastify' {
  interface FastifyInstance {
    /** Whether requests are turned away at present, because the process is too busy to answer them in time. */
    isOverloaded(): boolean;
  }
  interface FastifyRequest {
    /** Whether it was rejected unread. */
    shed: boolean;
  }
  interface FastifyContextConfig {
    /** For operators: answered however busy the process is. */
    neverShed?: boolean;
  }
}

// How long a turn of the event loop may take: about as long as a command of Redis may. Well beyond it, answers of Redis
// would be found too late, and a busy process taken for a Redis that is down.
const MAX_TURN_MS = 200;
// As long as a proxy of deploy/ waits for /verify.
const SAMPLE_MS = 500;
const RESOLUTION_MS = 10;

/**
 * Rejects requests with 503 `OVERLOADED` while the event loop is late, so that accepted ones are answered in time. Rejected
 * requests are counted; the log has one line when it begins and one when it ends.
 *
 * Not @fastify/under-pressure: it reads the memory of the process as well, which throws where clients have taken all
 * file descriptors, and would end the process.
 */
export default fp(
  async (fastify) => {
    const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
    let isOverloaded = false;
    let wasLate = false;
    let sampler: NodeJS.Timeout | undefined;
    // Not before listening: starting keeps the event loop busy as well.
    fastify.addHook('onListen', async () => {
      delay.enable();
      sampler = setInterval(() => {
        const isLate = expectedTurn(delay) > MAX_TURN_MS * 1e6;
        // One long turn may be a pause of the machine; it is over when it is seen.
        isOverloaded = isLate && wasLate;
        wasLate = isLate;
        delay.reset();
      }, SAMPLE_MS).unref();
    });
    fastify.addHook('onClose', async () => {
      clearInterval(sampler);
      delay.disable();
    });

    const overloaded = new ApiError('OVERLOADED');
    let shed = 0;

    function turnAway(): void {
      if (shed === 0) fastify.log.warn('too busy to answer in time: turning requests away');
      shed += 1;
      fastify.meters.shed();
    }

    function takeAgain(): void {
      fastify.log.info({ shed }, 'no longer too busy');
      shed = 0;
    }

    fastify.decorateRequest('shed', false);
    fastify.addHook('onRequest', (request, _reply, done) => {
      if (!isOverloaded) {
        if (shed > 0) takeAgain();
        done();
      } else if (request.routeOptions.config.neverShed) {
        done();
      } else {
        request.shed = true;
        turnAway();
        done(overloaded);
      }
    });

    fastify.decorate('isOverloaded', () => isOverloaded);
  },
  { name: 'shedding', dependencies: ['metrics'] },
);

/**
 * How long the turn takes, on average, in which a request happens to arrive, nanoseconds: long turns meet more requests,
 * so each counts by its length, Σx² / Σx.
 */
function expectedTurn({ mean, stddev }: { readonly mean: number; readonly stddev: number }): number {
  return mean + stddev ** 2 / mean;
}
