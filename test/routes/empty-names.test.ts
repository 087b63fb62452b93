import t from 'tap';
import { build, login, withCookie } from '../support/build.ts';

const KEY = 'the-key-of-the-shop-0123456789-0123456789';
const METHODS = ['get', 'post', 'put', 'patch', 'delete'] as const;

const { app } = await build(t, { SERVICE_KEYS: `shop:${KEY}` });
const token = await login(app);
const service = { authorization: `Bearer ${KEY}` };

const operations = Object.entries(app.swagger().paths as Record<string, object>).flatMap(([path, byMethod]) =>
  METHODS.filter((method) => method in byMethod).map((method) => ({ method, path })),
);

t.ok(operations.length > 20, `${operations.length} operations`);

for (const { method, path } of operations) {
  const headers = path.startsWith('/v1') ? service : withCookie(token);
  const empty = path.includes('{') ? [path.replace(/\{.*?\}/g, '')] : [];
  for (const url of [`${path.replace(/\{.*?\}/g, 'x')}/`, ...empty]) {
    t.test(`${method.toUpperCase()} ${url} is 404`, async (t) => {
      const answer = await app.inject({ method, url, headers });
      t.match(answer.json(), { statusCode: 404, code: 'NOT_FOUND' });
      t.notOk(answer.headers['set-cookie']);
    });
  }
}

t.test('nothing has ended by it', async (t) => {
  t.equal((await app.inject({ url: '/session', headers: withCookie(token) })).statusCode, 200);
});

t.test('what does not exist below /v1 is 401 to strangers and 404 to services', async (t) => {
  for (const url of ['/v1/nothing', '/v1/sessions/x/y/z', '/v1/sessions/']) {
    t.match((await app.inject(url)).json(), { statusCode: 401, code: 'SERVICE_KEY_REQUIRED' }, url);
    t.match((await app.inject({ url, headers: service })).json(), { statusCode: 404, code: 'NOT_FOUND' }, url);
  }
});
