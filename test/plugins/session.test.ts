import t from 'tap';
import { createTokenCodec } from '../../src/session/token.ts';
import { SECRET } from '../support/build.ts';
import { sessionRoutes } from '../support/session-routes.ts';
import { worthless } from '../support/tokens.ts';
import { worlds } from '../support/worlds.ts';

const inEveryWorld = await worlds(t);
const NO_SESSION = {
  statusCode: 401,
  code: 'NO_SESSION',
  error: 'Unauthorized',
  message: 'There is no such session.',
};

inEveryWorld('what is not the genuine token is worth nothing, and the answer is always the same', async (t, world) => {
  const { call, login, status, elapse } = world;
  const { token } = await login('ann');
  const ended = await login('ann');
  await call('POST', '/logout', { token: ended.token });
  const expired = await login('ann');
  await elapse(1_000_000);
  t.equal(await status(token), 200);
  await elapse(1_000_000);

  const tokens = { ...worthless(token), revoked: ended.token, expired: expired.token };
  for (const [name, worthlessOne] of Object.entries(tokens)) {
    const cookie = await call('GET', '/session', { token: worthlessOne });
    t.same(cookie.json(), NO_SESSION, name);
    t.match(cookie.headers['set-cookie'], /^__Host-sid=; Max-Age=0;/, 'the cookie is cleared');
    t.notOk(cookie.headers['x-session-expire']);
    const bearer = await call('GET', '/session', { headers: { authorization: `Bearer ${worthlessOne}` } });
    t.same(bearer.json(), NO_SESSION);
    t.notOk(bearer.headers['set-cookie']);
  }
  t.equal(await status(token), 200);
});

inEveryWorld('an invented token is never adopted', async (t, { call, login, status }) => {
  const { token } = await login('ann');
  for (const [name, invented] of Object.entries(worthless(token))) {
    const started = await call('POST', '/session', { token: invented });
    t.equal(started.statusCode, 201, name);
    t.not(started.cookies[0]?.value, invented);
    const loggedIn = await login('ann', { token: invented });
    t.not(loggedIn.token, invented);
    t.equal(await status(invented), 401);
  }
});

inEveryWorld('two cookies or a token in the query count for nothing, and touch no cookie', async (t, world) => {
  const { call, login, status } = world;
  const { token, sessionId } = await login('ann');
  const pair = (first: string, second: string) => `__Host-sid=${first}; other=1; __Host-sid=${second}`;
  const own = { cookie: `__Host-sid=${token}` };
  const ambiguous = [
    ['', { cookie: pair(token, token) }],
    ['', { cookie: pair(token, 'invented') }],
    ['', { cookie: pair('invented', token) }],
    ['', { cookie: pair('', token) }],
    ['', { cookie: `__Host-sid=${token};__Host-sid=${token}` }],
    [`?sid=${token}`, {}],
    [`?x=1&__Host-sid=${token}`, own],
    [`?q=${token.replaceAll('.', '%2e')}`, own],
    [`?${token}`, { authorization: `Bearer ${token}` }],
  ] as const;
  for (const [query, headers] of ambiguous) {
    for (const [method, route, payload] of sessionRoutes) {
      const url = route.replace('/x', `/${sessionId}`);
      const answer = await call(method, url + query, { headers, ...(payload ? { payload } : {}) });
      const name = `${method} ${url}${query.slice(0, 8)} ${Object.keys(headers)}`;
      t.same(answer.json(), NO_SESSION, name);
      t.notOk(answer.headers['set-cookie'], 'no cookie is set or cleared');
    }
  }
  t.equal(await status(token), 200);
});

inEveryWorld('a cookie goes before a bearer token, and neither helps the other out', async (t, { call, login }) => {
  const [ann, bob] = [await login('ann'), await login('bob')];
  const bearer = { authorization: `Bearer ${bob.token}` };
  t.match((await call('GET', '/session', { token: ann.token, headers: bearer })).json(), { userId: 'ann' });
  t.match((await call('GET', '/session', { token: 'invented', headers: bearer })).json(), NO_SESSION);
  const other = { cookie: 'theme=dark; sid=x; X__Host-sid=y', ...bearer };
  t.match((await call('GET', '/session', { headers: other })).json(), { userId: 'bob' }, 'other cookies do not count');
});

inEveryWorld('the word Bearer is read in any case, other schemes are not', async (t, { call, login }) => {
  const { token } = await login('ann');
  for (const [authorization, status] of [
    [`bearer ${token}`, 200],
    [`BEARER  ${token}`, 200],
    [`Basic ${token}`, 401],
    [token, 401],
    [`Bearer${token}`, 401],
    [`Bearer ${token} ${token}`, 401],
    [`Bearer ${token}, Bearer ${token}`, 401],
    ['Bearer ', 401],
  ] as const) {
    t.equal(
      (await call('GET', '/session', { headers: { authorization } })).statusCode,
      status,
      authorization.slice(0, 9),
    );
  }
});

const SECOND = 'the second secret of the ring has 32 characters too';

inEveryWorld(
  'every key of the ring verifies, the first signs, an unknown one does neither',
  async (t, { login, status }) => {
    const { token, sessionId } = await login('ann');
    const issue = (...secrets: string[]) => createTokenCodec(secrets).issue({ sessionId, generation: 1 });
    t.equal(token, issue(SECRET));
    t.equal(await status(issue(SECOND)), 200);
    t.equal(await status(issue('an unknown secret of the same length as it')), 401);
  },
  { SESSION_SECRETS: `${SECRET},${SECOND}` },
);
