import fastifyRateLimit, { normalizeIP } from '@fastify/rate-limit';
import type { FastifyRequest } from 'fastify';
import fp from 'fastify-plugin';
import { usernameHash } from '../src/credentials/username-hash.ts';
import { ApiError } from '../src/http/errors.ts';
import { createSharedCounter } from '../src/stores/redis/limits/shared-counter.ts';

declare module 'fastify' {
  interface FastifyInstance {
    readonly limits: Limits;
  }
}

/** Each counts one request, and throws `RATE_LIMITED` when it is one too many. Counts are shared by all pods. */
export interface Limits {
  /**
   * Failed logins in LOGIN_RATE_WINDOW_SECONDS: LOGIN_RATE_MAX per username of the body, LOGIN_RATE_MAX_PER_ADDRESS per
   * address. An attempt counts from its start, so that parallel ones can't exceed the limit.
   *
   * @returns a function that takes the count back, to be called unless the attempt has failed
   */
  login(request: FastifyRequest): Promise<() => void>;
  /** Anonymous sessions started from one address. */
  start(request: FastifyRequest): Promise<void>;
  /** Wrong service keys from one address. */
  wrongKey(request: FastifyRequest): Promise<void>;
  /** Requests of one address for what does not exist. */
  notFound(request: FastifyRequest): Promise<void>;
}

const MINUTE_MS = 60_000;
const STARTS_PER_MINUTE = 60;
const WRONG_KEYS_PER_MINUTE = 120;
const NOT_FOUND_PER_MINUTE = 120;

/** Abuse limits, asked for by the handlers that need them: `/verify` and reads of a session pay nothing. */
export default fp(
  async (fastify) => {
    const { config, log, redis: client, redisGuard: guard } = fastify;
    const counter = createSharedCounter({
      redis: guard && { client, guard },
      prefix: `${config.REDIS_PREFIX}:rate:`,
      onShared: () => log.info('limits are counted in Redis over all pods again'),
      onFallback: (problem) =>
        log.warn({ problem: problem.message }, 'limits are counted per pod while Redis does not answer'),
    });
    await fastify.register(fastifyRateLimit, { global: false, store: counter.Store });

    const loginWindow = config.LOGIN_RATE_WINDOW_SECONDS * 1000;
    const addressKey = (request: FastifyRequest) => `login:address:${address(request)}`;
    const usernameKey = (request: FastifyRequest) =>
      `login:username:${usernameHash((request.body as { username: string }).username)}`;
    const loginLimits = [
      limiter({ max: config.LOGIN_RATE_MAX_PER_ADDRESS, timeWindow: loginWindow, keyGenerator: addressKey }),
      limiter({ max: config.LOGIN_RATE_MAX, timeWindow: loginWindow, keyGenerator: usernameKey }),
    ];
    const starts = limiter({
      max: STARTS_PER_MINUTE,
      timeWindow: MINUTE_MS,
      keyGenerator: (request) => `start:${address(request)}`,
    });
    const wrongKeys = limiter({
      max: WRONG_KEYS_PER_MINUTE,
      timeWindow: MINUTE_MS,
      keyGenerator: (request) => `service-key:${address(request)}`,
    });
    const misses = limiter({
      max: NOT_FOUND_PER_MINUTE,
      timeWindow: MINUTE_MS,
      keyGenerator: (request) => `not-found:${address(request)}`,
    });

    function limiter(options: {
      readonly max: number;
      readonly timeWindow: number;
      readonly keyGenerator: (request: FastifyRequest) => string;
    }): (request: FastifyRequest) => Promise<void> {
      const count = fastify.createRateLimit(options);
      return async (request) => {
        const counted = await count(request);
        if (!counted.isAllowed && counted.isExceeded) {
          throw new ApiError('RATE_LIMITED', { retryAfter: Math.max(1, counted.ttlInSeconds) });
        }
      };
    }

    fastify.decorate('limits', {
      async login(request) {
        const giveBack = () => {
          for (const key of [addressKey(request), usernameKey(request)]) counter.giveBack(key);
        };
        const counted = await Promise.allSettled(loginLimits.map((count) => count(request)));
        const refused = counted.find(({ status }) => status === 'rejected');
        if (refused === undefined) return giveBack;
        // Nothing was checked: who tries on while the limit is reached does not extend it.
        giveBack();
        throw (refused as PromiseRejectedResult).reason;
      },
      start: starts,
      wrongKey: wrongKeys,
      notFound: misses,
    } satisfies Limits);
  },
  { name: 'rate-limit', dependencies: ['config', 'redis'] },
);

/** An IPv6 caller has a whole /64 to call from: it counts as one address. */
function address(request: FastifyRequest): string {
  return normalizeIP(request.ip);
}
