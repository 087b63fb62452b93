import type { Redis } from 'ioredis';
import t from 'tap';
import { SECRET } from './support/build.ts';
import { startRedis } from './support/redis.ts';
import { worthless } from './support/tokens.ts';
import { passwordOf, usersFile } from './support/users.ts';
import { redisWorld } from './support/worlds.ts';

/** Every key with its time to live and all that is stored under it, as text. */
async function dump(client: Redis): Promise<{ key: string; ttl: number; content: string }[]> {
  const read: Record<string, (key: string) => Promise<unknown>> = {
    string: (key) => client.get(key),
    zset: (key) => client.zrange(key, '0', '-1', 'WITHSCORES'),
    list: (key) => client.lrange(key, 0, -1),
    hash: (key) => client.hgetall(key),
    set: (key) => client.smembers(key),
    stream: (key) => client.xrange(key, '-', '+'),
  };
  const keys = await client.keys('*');
  const found = await Promise.all(
    keys.map(async (key) => {
      const type = await client.type(key);
      const content = type === 'none' ? '' : await read[type]?.(key);
      if (content === undefined) throw new Error(`${key} is of a type that is not looked into`);
      return { key, ttl: await client.pttl(key), content: JSON.stringify(content) };
    }),
  );
  const ENDED_MEANWHILE = -2;
  return found.filter(({ ttl }) => ttl !== ENDED_MEANWHILE);
}

t.test('no secret is stored, logged, counted or said, and no session is stored without an end', async (t) => {
  const redis = await startRedis(t);
  const env = { LOG_LEVEL: 'trace', LOGIN_RATE_MAX: '30', USERS_FILE: usersFile(t, ['ann', 'bob']) };
  const { call, login, lines, pods } = await redisWorld(t, redis, 'x', env, { deadlineMs: 1000 });
  const tokens: string[] = [];
  const bodies: string[] = [];
  const typed = 'typed-into-the-wrong-field';

  async function send(...request: Parameters<typeof call>) {
    const answer = await call(...request);
    bodies.push(answer.body, JSON.stringify({ ...answer.headers, 'set-cookie': '' }));
    for (const { value } of answer.cookies) if (value !== '') tokens.push(value);
    return answer;
  }

  // Every route, by every way in, in success and failure.
  await send('POST', '/session', { headers: { 'user-agent': 'a browser' } });
  const [visitor] = tokens as [string];
  for (let i = 0; i < 4; i += 1) tokens.push((await login('ann', i === 0 ? { token: visitor } : {})).token);
  tokens.push((await login('bob')).token);
  const [, , ended, revoked, living] = tokens as [string, string, string, string, string];
  await send('PATCH', '/session', { token: living, payload: { metadata: { a: 1 }, increment: { n: 1 } } });
  await send('PATCH', '/session', { token: living, payload: { metadata: { a: 1 } }, headers: { 'if-match': '"9"' } });
  await send('POST', '/session/heartbeat', { headers: { authorization: `Bearer ${living}` } });
  await send('POST', '/logout', { token: ended });
  await send('DELETE', `/sessions/${revoked.split('.')[0]}`, { token: living });
  for (const token of [living, ended, ...Object.values(worthless(living))]) {
    await send('GET', '/session', { token });
    await send('GET', `/verify?maxAge=60&token=${encodeURIComponent(token)}`, {
      headers: { authorization: `Bearer ${token}` },
    });
    await send('GET', `/nothing?token=${encodeURIComponent(token)}`);
    await send('GET', '/session', { headers: { cookie: `__Host-sid=${token}; __Host-sid=${token}` } });
  }
  await send('GET', '/sessions', { token: living });
  await send('POST', '/login', { payload: { username: 'ann', password: typed } });
  await send('POST', '/login', { payload: { username: typed, password: passwordOf('ann') } });
  await send('POST', '/login', { payload: { username: 'ann', password: passwordOf('ann'), extra: living } });
  await send('POST', '/login', { headers: { 'content-type': 'application/json' }, payload: `{"password":"${typed}` });
  for (let i = 0; i < 40; i += 1) await send('POST', '/login', { payload: { username: 'ann', password: typed } });
  redis.process.kill('SIGSTOP');
  await send('GET', '/session', { token: living });
  await send('POST', '/login', { token: living, payload: { username: 'bob', password: passwordOf('bob') } });
  redis.process.kill('SIGCONT');
  await redis.client.ping();

  const stored = await dump(redis.client);
  const metrics = await Promise.all(pods.map(async (pod) => (await pod.inject('/metrics')).body));
  const places = {
    'in Redis': stored.map(({ key, content }) => `${key} ${content}`).join('\n'),
    'in the log': lines().join('\n'),
    'in the metrics': metrics.join('\n'),
    'in an answer beside the cookie': bodies.join('\n'),
  };
  const secrets = [
    ...tokens.flatMap((token) => [token, token.split('.')[2] as string]),
    passwordOf('ann'),
    passwordOf('bob'),
    SECRET,
    typed,
  ];
  t.ok(tokens.length >= 6 && stored.length > 6 && lines().length > 50);
  for (const [place, text] of Object.entries(places)) {
    t.same(
      secrets.filter((secret) => text.includes(secret)),
      [],
      `no secret ${place}`,
    );
  }

  const records = stored.filter(({ key }) => key.includes(':s:'));
  t.equal(records.length, 3);
  for (const { key, ttl } of [...records, ...stored.filter(({ key }) => key.includes(':rate:'))]) {
    t.ok(ttl > 0, `${key} ends by itself`);
  }
});

t.test('what is stored can not be presented as a token', async (t) => {
  const redis = await startRedis(t);
  const world = await redisWorld(t, redis, 'x', { USERS_FILE: usersFile(t, ['ann']) });
  const { sessionId } = await world.login('ann');
  for (const { key, content } of await dump(redis.client)) {
    for (const text of [key, content.replace(/[^\x21-\x7e]/g, ''), `${sessionId}.1.${content.slice(0, 43)}`]) {
      t.equal(await world.status(encodeURIComponent(text)), 401);
    }
  }
});
