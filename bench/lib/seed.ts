import type { Session } from '../../src/session/session.ts';
import { newSessionId } from '../../src/session/session-id.ts';
import { createTokenCodec } from '../../src/session/token.ts';
import { createRedisClock } from '../../src/stores/redis/coherence/clock.ts';
import type { RedisClient } from '../../src/stores/redis/connection/connect.ts';
import { createGuard } from '../../src/stores/redis/connection/guard.ts';
import { createRedisStore } from '../../src/stores/redis/store.ts';
import { SECRET, USER_AGENT } from './service.ts';

const IN_FLIGHT = 500;
// A batch may wait on a busy machine; nobody waits for it.
const PATIENT_MS = 60_000;
const LIFETIME = { idleMs: 1_800_000, absoluteMs: 86_400_000 };

/**
 * Fills a Redis with sessions as the service would, one user each, through its own store.
 *
 * @returns the tokens of the first so many
 */
export async function seedSessions(
  client: RedisClient,
  { count, tokens, first = 0 }: { readonly count: number; readonly tokens: number; readonly first?: number },
): Promise<string[]> {
  const clock = createRedisClock(client);
  const codec = createTokenCodec([SECRET]);
  const guard = createGuard({ client, deadlineMs: PATIENT_MS });
  const store = createRedisStore({
    client,
    guard,
    clock,
    prefix: 'sd',
    onUnreadable: () => undefined,
  });
  const kept: string[] = [];
  for (let at = first; at < first + count; at += IN_FLIGHT) {
    const users = Array.from({ length: Math.min(IN_FLIGHT, first + count - at) }, (_, user) => userOf(at + user));
    for (const session of await Promise.all(users.map(createFor))) {
      if (kept.length < tokens) kept.push(codec.issue(session));
    }
  }
  guard.stop();
  clock.stop();
  return kept;

  async function createFor(userId: string): Promise<Session> {
    const created = await store.create({
      sessionId: newSessionId(userId),
      userId,
      metadata: {},
      device: { ip: '127.0.0.1', userAgent: USER_AGENT },
      limit: { max: 100, policy: 'evict-oldest' },
      ...LIFETIME,
    });
    if (created.status !== 'created') throw new Error(`No session for ${userId}: ${created.status}`);
    return created.session;
  }
}

/** Names as long as those of ten million users. */
export function userOf(number: number): string {
  return `user-${String(number).padStart(8, '0')}`;
}
