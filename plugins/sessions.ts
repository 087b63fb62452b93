import fp from 'fastify-plugin';
import { LRUCache } from 'lru-cache';
import type { Config } from '../src/config/load.ts';
import { isSameDevice } from '../src/device-binding/same-device.ts';
import type { SessionEvent } from '../src/session/events.ts';
import type { SessionPolicy } from '../src/session/policy.ts';
import { createSessions, type Sessions } from '../src/session/sessions.ts';
import { createTokenCodec, type VerifiedClaims, type VerifiedTokens } from '../src/session/token.ts';
import type { Binding } from '../src/session/verification.ts';
import { openStore } from '../src/stores/open-store.ts';

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
  /** How long a command of Redis may take, milliseconds; tests on a busy machine allow more. */
  readonly deadlineMs?: number;
}

/** The session service on the store that the settings ask for; counts, logs and sweeps. */
export default fp<SessionsOptions>(
  async (fastify, { now = Date.now, deadlineMs }) => {
    const { config, meters, log, redis: client, redisGuard: guard } = fastify;
    const { store, nearCacheEntries, close } = await openStore({
      config,
      redis: guard && { client, guard, deadlineMs },
      now,
      events: {
        onUnreadable(sessionId) {
          meters.unreadableRecord();
          log.warn({ sessionId }, 'a record can not be read; its session counts as absent');
        },
        onTrackingRefused: ({ message: problem }) =>
          log.warn({ problem }, 'Redis refuses CLIENT TRACKING: the near cache is off (docs/redis.md)'),
        onPropagated: meters.revocationSeen,
        onCommand: meters.storeCommand,
      },
    });
    meters.nearCacheEntries(nearCacheEntries);

    const sessions = createSessions({
      store,
      tokens: createTokenCodec(config.SESSION_SECRETS, verifiedTokens(config)),
      policy: policyOf(config),
      binding: bindingOf(config),
      onEvent(event) {
        meters.sessionEvent(event);
        logEvent(event);
      },
    });
    fastify.decorate('sessions', sessions);
    meters.activeSessions(sessions.count);
    meters.recalledSessions(sessions.recalls, store.source === 'redis' ? 'near' : store.source);

    // A failed sweep is made up for by the next; the breaker logs that the store is away.
    const sweeper = setInterval(() => void sessions.sweep().catch(() => undefined), SWEEP_INTERVAL_MS).unref();
    fastify.addHook('onClose', async () => {
      clearInterval(sweeper);
      await close();
    });

    function logEvent(event: SessionEvent): void {
      if (event.type === 'reuse') log.warn({ event }, 'a renewed token was used again after its grace period');
      if (event.type === 'binding-mismatch') log.warn({ event }, 'a session was presented from another device');
      if (LIFE_CYCLE.has(event.type)) log.info({ event }, `session ${event.type}`);
    }
  },
  { name: 'sessions', dependencies: ['config', 'redis', 'metrics'] },
);

function bindingOf({ BINDING: mode, BINDING_NETWORK: network }: Config): Binding | undefined {
  if (mode === 'off') return undefined;
  return { isSameDevice: (known, seen) => isSameDevice(known, seen, { network }), enforce: mode === 'enforce' };
}

// A genuine token stays genuine, so this needs no near cache; 10,000 take 3 MB.
const LEAST_VERIFIED_TOKENS = 10_000;

function verifiedTokens({ NEAR_CACHE_MAX }: Config): VerifiedTokens {
  return new LRUCache<string, VerifiedClaims>({ max: Math.max(NEAR_CACHE_MAX, LEAST_VERIFIED_TOKENS) });
}

/** Settings are seconds, the core counts milliseconds. */
function policyOf(config: Config): SessionPolicy {
  return {
    idleMs: config.SESSION_IDLE_SECONDS * 1000,
    absoluteMs: config.SESSION_ABSOLUTE_SECONDS * 1000,
    // Never shorter than those of other sessions.
    remembered: {
      idleMs: Math.max(config.REMEMBER_IDLE_SECONDS, config.SESSION_IDLE_SECONDS) * 1000,
      absoluteMs: Math.max(config.REMEMBER_ABSOLUTE_SECONDS, config.SESSION_ABSOLUTE_SECONDS) * 1000,
    },
    graceMs: config.RENEW_GRACE_SECONDS * 1000,
    touchMs: config.SESSION_TOUCH_SECONDS * 1000,
    maxPerUser: config.MAX_SESSIONS_PER_USER,
    limitPolicy: config.SESSION_LIMIT_POLICY,
  };
}
