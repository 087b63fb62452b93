// node seed-connect-redis.mjs <redis url> <count>   the same sessions as seed.ts makes, by connect-redis, no index.
import { randomBytes } from 'node:crypto';
import { RedisStore } from 'connect-redis';
import { createClient } from 'redis';
import { userOf } from './seed.ts';
import { USER_AGENT } from './service.ts';

const IN_FLIGHT = 500;
const [, , url, count] = process.argv;
const client = await createClient({ url }).connect();
const store = new RedisStore({ client, prefix: 'sess:', ttl: 1800 });
for (let at = 0; at < Number(count); at += IN_FLIGHT) {
  const length = Math.min(IN_FLIGHT, Number(count) - at);
  await Promise.all(Array.from({ length }, (_, user) => store.set(sessionId(), session(userOf(at + user)))));
}
console.log('seeded');
await client.close();

/** As express-session makes them: 24 random bytes. */
function sessionId() {
  return randomBytes(24).toString('base64url');
}

/** What an express-session with the same data holds. */
function session(userId) {
  const expires = new Date(Date.now() + 1_800_000).toISOString();
  const cookie = { originalMaxAge: 1_800_000, expires, secure: true, httpOnly: true, path: '/', sameSite: 'strict' };
  return { cookie, userId, createdAt: Date.now(), ip: '127.0.0.1', userAgent: USER_AGENT };
}
