import t from 'tap';
import { build, login, withCookie } from '../../support/build.ts';

const KEY = 'the-key-of-the-shop-0123456789-0123456789';
const json = { 'content-type': 'application/json' };

t.test('every 401 names the scheme (RFC 9110, 11.6.1)', async (t) => {
  const { app } = await build(t, { METRICS_TOKEN: 'a-token-for-metrics' });
  const wrong = { method: 'POST', url: '/login', payload: { username: 'demo', password: 'wrong' } } as const;
  for (const request of ['/session', '/verify', '/v1/stats', '/metrics', wrong]) {
    const answer = await app.inject(request);
    t.equal(answer.statusCode, 401);
    t.equal(answer.headers['www-authenticate'], 'Bearer');
  }
});

t.test('integers of a query string are digits', async (t) => {
  const { app } = await build(t, { SERVICE_KEYS: `shop:${KEY}` });
  const headers = withCookie(await login(app));
  const service = { authorization: `Bearer ${KEY}` };
  for (const value of ['1e2', '0x10', '1.0', '+5', '%205', '', '1e400']) {
    t.equal((await app.inject({ url: `/verify?maxAge=${value}`, headers })).statusCode, 400, `maxAge=${value}`);
    const list = await app.inject({ url: `/v1/users/ann/sessions?limit=${value}`, headers: service });
    t.match(list.json(), { statusCode: 400, code: 'FST_ERR_VALIDATION' }, `limit=${value}`);
  }
  t.equal((await app.inject({ url: '/verify?maxAge=100', headers })).statusCode, 200);
});

t.test('a number that JSON can not carry is refused, and nothing is changed', async (t) => {
  const { app } = await build(t);
  const headers = { ...withCookie(await login(app)), ...json };
  for (const number of ['1e400', '-1e400', '1E+400', `1${'0'.repeat(400)}`]) {
    const payload = `{"metadata":{"n":[{"deep":${number}}]}}`;
    const answer = await app.inject({ method: 'PATCH', url: '/session', headers, payload });
    t.equal(answer.statusCode, 400, number.slice(0, 10));
  }
  const text = '{"metadata":{"text":"1e400","n":1e300,"tiny":1e-400}}';
  t.equal((await app.inject({ method: 'PATCH', url: '/session', headers, payload: text })).statusCode, 200);
  t.strictSame((await app.inject({ url: '/session', headers })).json().metadata, { text: '1e400', n: 1e300, tiny: 0 });
});

t.test('an answer that ends the session of its caller promises no time to come', async (t) => {
  const { app } = await build(t);
  const own = await login(app);
  const { sessionId } = (await app.inject({ url: '/session', headers: withCookie(own) })).json();
  const one = await app.inject({ method: 'DELETE', url: `/sessions/${sessionId}`, headers: withCookie(own) });
  const all = await app.inject({ method: 'DELETE', url: '/sessions', headers: withCookie(await login(app)) });
  for (const answer of [one, all]) {
    t.match(answer.statusCode, /20[04]/);
    t.notOk(answer.headers['x-session-expire']);
  }
  const headers = withCookie(await login(app));
  const kept = await app.inject({ method: 'DELETE', url: '/sessions?keepCurrent=true', headers });
  t.ok(kept.headers['x-session-expire']);
});

t.test('x-request-id is taken where it is well-formed and made otherwise, answered and logged', async (t) => {
  const { app, log } = await build(t);
  const ask = (id?: string) => app.inject({ url: '/session', headers: id === undefined ? {} : { 'x-request-id': id } });
  t.equal((await ask('abc-123')).headers['x-request-id'], 'abc-123');
  t.ok(log.some((line) => line.includes('"id":"abc-123"')));
  const made = [await ask(), await ask(), await ask('has space'), await ask('x'.repeat(129)), await ask('"}')];
  t.equal(new Set(made.map(({ headers }) => headers['x-request-id'])).size, made.length);
  for (const { headers } of made) t.match(headers['x-request-id'], /^[\w-]{8}-[0-9a-z]+$/);
  t.ok((await app.inject('/nowhere')).headers['x-request-id']);
});

t.test('wrong service keys are limited by address, right ones are not', async (t) => {
  const { app } = await build(t, { SERVICE_KEYS: `shop:${KEY}` });
  const ask = (key: string) => app.inject({ url: '/v1/stats', headers: { authorization: `Bearer ${key}` } });
  const answers = [];
  for (let i = 0; i < 130; i += 1) answers.push((await ask(`wrong-${i}`)).statusCode);
  t.equal(answers[0], 401);
  t.equal(answers.at(-1), 429);
  t.equal((await ask(KEY)).statusCode, 200);
});

t.test('routes are labelled as they are written, in the metrics', async (t) => {
  const { app } = await build(t);
  for (const url of ['/verify', '/docs/', '/docs/json', '/sessions']) await app.inject(url);
  const routes = [...(await app.inject('/metrics')).body.matchAll(/route="([^"]*)"/g)].map(([, route]) => route ?? '');
  t.ok(routes.includes('/verify'));
  t.same(
    routes.filter((route) => /.\/$|\/\//.test(route)),
    [],
  );
});
