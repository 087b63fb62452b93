import fp from 'fastify-plugin';
import { LRUCache } from 'lru-cache';
import type { Config } from '../src/config/load.ts';
import { isSameDevice } from '../src/device-binding/same-device.ts';
import type { SessionEvent } from '../src/session/events.ts';
import type { SessionPolicy } from '../src/session/policy.ts';
import { createSessions, type Sessions } from '../src/session/sessions.ts';
import type { SessionStore } from '../src/session/store.ts';
import { createTokenCodec, type TokenClaims, type VerifiedTokens } from '../src/session/token.ts';
import type { Binding } from '../src/session/verification.ts';
import { cached } from '../src/stores/cached.ts';
import { createMemoryStore } from '../src/stores/memory/store.ts';
import { createRedisClock } from '../src/stores/redis/coherence/clock.ts';
import { createTracking } from '../src/stores/redis/coherence/tracking.ts';
import { closeRedisClient, connectSoon, type RedisClient } from '../src/stores/redis/connection/connect.ts';
import { createGuard, type Guard } from '../src/stores/redis/connection/guard.ts';
import { createDurableWrites, type DurableWrites } from '../src/stores/redis/durable-writes.ts';
import { claimShards, ShardsError } from '../src/stores/redis/layout/shards.ts';
import { createRedisStore } from '../src/stores/redis/store.ts';

declare module 'fastify' {
  interface FastifyInstance {
    readonly sessions: Sessions;
  }
}

const LIFE_CYCLE = new Set<SessionEvent['type']>(['created', 'renewed', 'revoked']);
const SWEEP_INTERVAL_MS = 1000;

export interface SessionsOptions {
  /** This pod's clock, epoch milliseconds; tests move it. */
  readonly now?: () => number;
  /** How long a command of Redis may take, milliseconds; tests on a busy machine are patient. */
  readonly deadlineMs?: number;
}

/** The session service on its store: Redis where REDIS_URL is set, the memory of this process otherwise. */
export default fp<SessionsOptions>(
  async (fastify, { now = Date.now, deadlineMs }) => {
    const { config, meters, log } = fastify;
    const { redisGuard } = fastify;
    // Sessions in the near cache, where there is one.
    let held = () => 0;
    const store = redisGuard === undefined ? createMemoryStore({ now }) : await redisStore(redisGuard);
    meters.nearCacheEntries(held);

    const sessions = createSessions({
      store,
      tokens: createTokenCodec(config.SESSION_SECRETS, verifiedTokens(config)),
      policy: policyOf(config),
      binding: bindingOf(config),
      onEvent(event) {
        meters.sessionEvent(event);
        audit(event);
      },
    });
    fastify.decorate('sessions', sessions);
    meters.activeSessions(sessions.count);
    meters.recalledSessions(sessions.recalls, store.source === 'redis' ? 'near' : store.source);

    // What can't be swept now is swept at a later tick; the store's state is said elsewhere.
    const sweeper = setInterval(() => void sessions.sweep().catch(() => undefined), SWEEP_INTERVAL_MS).unref();
    fastify.addHook('onClose', async () => clearInterval(sweeper));

    async function redisStore(guard: Guard): Promise<SessionStore> {
      await guardShards(fastify.redis);
      const clock = createRedisClock(fastify.redis, now);
      fastify.addHook('onClose', async () => clock.stop());
      const store = createRedisStore({
        client: fastify.redis,
        guard,
        clock,
        prefix: config.REDIS_PREFIX,
        durable: await durableWrites(),
        onUnreadable(sessionId) {
          meters.unreadableRecord();
          log.warn({ sessionId }, 'a record can not be read; its session counts as absent');
        },
      });
      return config.NEAR_CACHE_MAX === 0 ? store : nearCache(store, guard);
    }

    // A connection of its own: one that waits for replicas would make reads wait.
    async function durableWrites(): Promise<DurableWrites | undefined> {
      const { REDIS_WAIT_REPLICAS: replicas, REDIS_PREFIX: prefix } = config;
      if (replicas === 0) return undefined;
      const client = fastify.redis.duplicate() as RedisClient;
      client.on('error', () => undefined);
      await connectSoon(client);
      const guard = createGuard({ client, deadlineMs, onCommand: meters.storeCommand });
      fastify.addHook('onClose', async () => {
        guard.stop();
        await closeRedisClient(client);
      });
      return createDurableWrites({ client, guard, replicas, prefix });
    }

    function nearCache(store: SessionStore, guard: Guard): SessionStore {
      const tracking = createTracking({
        client: fastify.redis,
        prefix: config.REDIS_PREFIX,
        onRefused: (problem) =>
          log.warn(
            { problem: problem.message },
            'Redis refuses CLIENT TRACKING: the near cache is off (docs/redis.md)',
          ),
      });
      fastify.addHook('onClose', async () => tracking.stop());
      const near = cached(store, {
        max: config.NEAR_CACHE_MAX,
        invalidations: tracking,
        degraded: { forMs: config.DEGRADED_VERIFY_SECONDS * 1000, isAllowed: guard.isOpen },
        onPropagated: (ms) => meters.revocationSeen(ms / 1000),
      });
      held = near.entries;
      return near;
    }

    // A pod that disagrees refuses to start; where Redis comes late, it ends then.
    async function guardShards(client: RedisClient): Promise<void> {
      const claim = () => claimShards(client, config.REDIS_PREFIX).catch(passUnless(ShardsError));
      client.on('ready', claim);
      if (client.status === 'ready') await claim();
    }

    function audit(event: SessionEvent): void {
      if (event.type === 'reuse') log.warn({ event }, 'a token was used again after it had been renewed');
      if (event.type === 'binding-mismatch') log.warn({ event }, 'a session was presented from another device');
      if (LIFE_CYCLE.has(event.type)) log.info({ event }, `session ${event.type}`);
    }
  },
  { name: 'sessions', dependencies: ['config', 'redis', 'metrics'] },
);

/** Throws errors of one kind again and lets others pass: what can't be asked now is asked at the next connection. */
function passUnless(kind: new (message: string) => Error): (error: unknown) => void {
  return (error) => {
    if (error instanceof kind) throw error;
  };
}

function bindingOf({ BINDING: mode, BINDING_NETWORK: network }: Config): Binding | undefined {
  if (mode === 'off') return undefined;
  return { isSameDevice: (known, seen) => isSameDevice(known, seen, { network }), enforce: mode === 'enforce' };
}

// A genuine token stays genuine, so this needs no near cache; 10,000 take 3 MB.
const LEAST_VERIFIED_TOKENS = 10_000;

function verifiedTokens({ NEAR_CACHE_MAX }: Config): VerifiedTokens {
  return new LRUCache<string, TokenClaims>({ max: Math.max(NEAR_CACHE_MAX, LEAST_VERIFIED_TOKENS) });
}

/** Settings are seconds, the core counts milliseconds. */
function policyOf(config: Config): SessionPolicy {
  return {
    idleMs: config.SESSION_IDLE_SECONDS * 1000,
    absoluteMs: config.SESSION_ABSOLUTE_SECONDS * 1000,
    graceMs: config.RENEW_GRACE_SECONDS * 1000,
    touchMs: config.SESSION_TOUCH_SECONDS * 1000,
    maxPerUser: config.MAX_SESSIONS_PER_USER,
    limitPolicy: config.SESSION_LIMIT_POLICY,
  };
}
