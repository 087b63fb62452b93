import fastifyRedis from '@fastify/redis';
import fp from 'fastify-plugin';
import { parseRedisUrl } from '../src/stores/redis/connection/address.ts';
import { closeRedisClient, connectSoon, createRedisClient } from '../src/stores/redis/connection/connect.ts';
import { createGuard, type Guard } from '../src/stores/redis/connection/guard.ts';
import { checkServer } from '../src/stores/redis/connection/server-check.ts';

declare module 'fastify' {
  interface FastifyInstance {
    /** Guards the commands of `fastify.redis`; `undefined` where there is no Redis. */
    readonly redisGuard: Guard | undefined;
  }
}

export interface RedisOptions {
  /** How long a command of Redis may take, milliseconds; tests on a busy machine are patient. */
  readonly deadlineMs?: number;
}

/** The Redis client, where REDIS_URL is set. The service starts and stays up whether Redis is available or not. */
export default fp<RedisOptions>(
  async (fastify, { deadlineMs }) => {
    const { config, meters, log } = fastify;
    const { REDIS_URL: url } = config;
    if (url === undefined) {
      fastify.decorate('redisGuard', undefined);
      meters.breaker(() => 0);
      return;
    }
    const address = parseRedisUrl(url);
    if (address === undefined) throw new TypeError('REDIS_URL is not an address of Redis');
    const client = createRedisClient(address);
    logConnection();

    // @fastify/redis delays the start until its client is ready. Nothing else reads the status while the plugin is being
    // registered, because the client is not connected yet.
    const { status } = client;
    client.status = 'ready';
    await fastify.register(fastifyRedis, { client });
    client.status = status;

    const guard = createGuard({
      client,
      deadlineMs,
      onCommand: meters.storeCommand,
      onChange(open, cause) {
        if (open) log.warn({ err: cause }, 'Redis does not answer: callers get 503 at once until it does (REDIS_URL)');
        else log.info('Redis answers again');
      },
    });
    fastify.decorate('redisGuard', guard);
    meters.breaker(guard.state);

    fastify.addHook('onClose', async () => {
      guard.stop();
      await closeRedisClient(client);
    });
    if (!(await connectSoon(client))) {
      log.warn('Redis can not be reached yet; retrying (REDIS_URL)');
    }

    // Settings are checked at every connection; each problem is logged once.
    const logged = new Set<string>();
    async function checkSettings(): Promise<void> {
      for (const problem of await checkServer(client, config.REDIS_WAIT_REPLICAS)) {
        if (!logged.has(problem)) log.warn(problem);
        logged.add(problem);
      }
    }

    // Logs changes of state, not every attempt.
    function logConnection(): void {
      let lastProblem = '';
      client.on('ready', () => {
        lastProblem = '';
        log.info('connected to Redis');
        checkSettings().catch(() => undefined);
      });
      client.on('error', (error: Error & { readonly lastNodeError?: Error | null }) => {
        // A Cluster client reports that all nodes failed, and keeps the cause in `lastNodeError`.
        const problem = [error, error.lastNodeError]
          .map((one) => one?.message ?? '')
          .join(' ')
          .trim();
        if (problem !== lastProblem) log.warn({ problem }, 'no connection to Redis (REDIS_URL)');
        lastProblem = problem;
      });
    }
  },
  { name: 'redis', dependencies: ['config', 'metrics'] },
);
