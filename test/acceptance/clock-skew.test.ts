// Pods whose clocks are wrong by minutes: verdicts by their own time would end sessions early, or never.
import type { InjectOptions, LightMyRequestResponse } from 'fastify';
import t, { type Test } from 'tap';
import { build, cookieToken, withCookie } from '../support/build.ts';
import { holdAgainstDocument } from '../support/documented.ts';
import { startRedis } from '../support/redis.ts';
import { until } from '../support/until.ts';
import { passwordOf, usersFile } from '../support/users.ts';
import { age } from '../support/worlds.ts';

const SECOND = 1000;
const SKEW_MS = 300 * SECOND;

type Method = 'GET' | 'POST';
type Send = (method: Method, url: string, token?: string, options?: InjectOptions) => Promise<LightMyRequestResponse>;

interface Pods {
  /** To the pod that begins. */
  readonly first: Send;
  readonly second: Send;
  readonly both: readonly Send[];
  elapse(ms: number): Promise<void>;
}

const redis = await startRedis(t);
const USERS_FILE = usersFile(t, ['ann']);
let tests = 0;

/** Two pods on one Redis, one five minutes ahead of it, one five minutes behind; each is once the one that begins. */
function apart(sentence: string, run: (t: Test, pods: Pods) => Promise<void>, env: Record<string, string> = {}): void {
  for (const [name, skew] of Object.entries({ ahead: SKEW_MS, behind: -SKEW_MS })) {
    t.test(`${sentence} (the pod that begins is ${name})`, async (t) => {
      tests += 1;
      const prefix = `c${tests}`;
      const settings = { REDIS_URL: redis.url, REDIS_PREFIX: prefix, USERS_FILE, LOGIN_RATE_MAX: '1000', ...env };
      const both = await Promise.all([skew, -skew].map((ms) => podOf(t, settings, ms)));
      const [first, second] = both as [Send, Send];
      await run(t, { first, second, both, elapse: (ms) => age(redis, prefix, ms) });
    });
  }
}

async function podOf(t: Test, settings: Record<string, string>, skewMs: number): Promise<Send> {
  const { app } = await build(t, settings, { now: () => Date.now() + skewMs });
  return async (method, url, token, options) => {
    const headers = token === undefined ? {} : withCookie(token);
    const answer = await app.inject({ method, url, headers, ...options });
    holdAgainstDocument(app, method, url, answer);
    return answer;
  };
}

async function login(send: Send) {
  const payload = { username: 'ann', password: passwordOf('ann') };
  const response = await send('POST', '/login', undefined, { payload });
  return { token: cookieToken(response), session: response.json() };
}

const statuses = (pods: Pods, url: string, token: string) =>
  Promise.all(pods.both.map(async (send) => (await send('GET', url, token)).statusCode));

apart('a fresh session is live and fresh on both, and written by neither', async (t, { first, both }) => {
  const { token, session } = await login(first);
  t.ok(Math.abs(session.createdAt - Date.now()) < 5 * SECOND, 'the time is that of Redis');
  for (const send of both) {
    const answer = await send('GET', '/session', token);
    t.equal(answer.statusCode, 200);
    t.equal(answer.json().lastSeenAt, session.lastSeenAt);
    t.equal(answer.headers['x-session-expire'], new Date(session.expiresAt).toISOString());
    t.equal((await send('GET', '/verify?maxAge=60', token)).statusCode, 200);
  }
});

apart('a session seen a minute ago is written, by whichever sees it first', async (t, { first, second, elapse }) => {
  for (const [one, other] of [
    [first, second],
    [second, first],
  ] as const) {
    const { token, session } = await login(first);
    await elapse(65 * SECOND);
    const written = (await one('GET', '/session', token)).json().lastSeenAt;
    t.ok(Math.abs(written - session.lastSeenAt) < 5 * SECOND, 'with the time of Redis');
    t.equal((await other('GET', '/session', token)).json().lastSeenAt, written);
  }
});

apart('a login is too old for maxAge on both or on neither', async (t, pods) => {
  const { token } = await login(pods.first);
  await pods.elapse(120 * SECOND);
  t.same(await statuses(pods, '/verify?maxAge=100', token), [401, 401]);
  t.same(await statuses(pods, '/verify?maxAge=140', token), [200, 200]);
});

apart('a session ends on both at once', async (t, pods) => {
  const [idle, seen] = [await login(pods.first), await login(pods.first)];
  await pods.elapse(1795 * SECOND);
  t.same(await statuses(pods, '/session', seen.token), [200, 200]);
  await pods.elapse(6 * SECOND);
  t.same(await statuses(pods, '/session', idle.token), [401, 401]);
  t.same(await statuses(pods, '/session', seen.token), [200, 200]);
});

apart('the grace of a renewal lasts as long on both', async (t, pods) => {
  const { first, second, elapse } = pods;
  const { token } = await login(first);
  const successor = cookieToken(await first('POST', '/session/renew', token));
  t.same(await statuses(pods, '/session', token), [200, 200]);
  t.same(await statuses(pods, '/session', successor), [200, 200], 'a token of one is good on the other');
  await elapse(8 * SECOND);
  t.equal(cookieToken(await second('POST', '/session/renew', token)), successor);
  t.same(await statuses(pods, '/session', token), [200, 200]);
  await elapse(3 * SECOND);
  t.equal((await second('GET', '/session', token)).statusCode, 401, 'a replay');
  t.same(await statuses(pods, '/session', successor), [401, 401]);
});

apart(
  'both count the same living sessions, before and after their end',
  async (t, { first, second, both }) => {
    const active = () =>
      Promise.all(
        both.map(async (send) => /^session_active_total (\S+)$/m.exec((await send('GET', '/metrics')).body)?.[1]),
      );
    await Promise.all([first, second, first].map(login));
    t.same(await active(), ['3', '3']);
    await until(async () => (await active()).every((count) => count === '0'), 8000);
  },
  { SESSION_IDLE_SECONDS: '3' },
);
