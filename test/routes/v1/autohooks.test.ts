import t from 'tap';
import { build, login, withCookie } from '../../support/build.ts';
import { holdAgainstDocument } from '../../support/documented.ts';

const KEY = 'the-key-of-the-shop-0123456789-0123456789';
const OTHER = 'the-key-of-the-crm-0123456789-01234567890';
const METHODS = ['get', 'post', 'put', 'patch', 'delete'] as const;

const keyed = await build(t, { SERVICE_KEYS: `shop:${KEY},crm:${OTHER}` });
const keyless = await build(t);
const token = await login(keyed.app);

const paths = keyed.app.swagger().paths as Record<string, Record<string, object>>;
const routes = Object.entries(paths)
  .filter(([path]) => path.startsWith('/v1'))
  .flatMap(([path, operations]) =>
    METHODS.filter((method) => method in operations).map((method) => ({ method, url: path.replace(/\{.*?\}/g, 'x') })),
  );

const strangers: Record<string, Record<string, string>> = {
  nothing: {},
  'a wrong key': { authorization: `Bearer ${KEY.slice(0, -1)}x` },
  'the beginning of a key': { authorization: `Bearer ${KEY.slice(0, -1)}` },
  'a key and its name': { authorization: `Bearer shop:${KEY}` },
  'the name of a key': { authorization: 'Bearer shop' },
  'a key of another scheme': { authorization: `Basic ${KEY}` },
  'a key in a cookie': withCookie(KEY),
  'two keys': { authorization: `Bearer ${KEY} ${OTHER}` },
  'a session token': { authorization: `Bearer ${token}` },
  'a session’s cookie': withCookie(token),
};

t.test('there are routes for services', async (t) => {
  t.ok(routes.length >= 12, `${routes.length}`);
});

for (const { method, url } of routes) {
  t.test(`${method.toUpperCase()} ${url} is for services alone`, async (t) => {
    const ask = async ({ app }: typeof keyed, headers: Record<string, string>) => {
      const answer = await app.inject({ method, url, headers });
      holdAgainstDocument(app, method, url, answer);
      return answer;
    };
    for (const [who, headers] of Object.entries(strangers)) {
      const answer = await ask(keyed, headers);
      t.match(answer.json(), { statusCode: 401, code: 'SERVICE_KEY_REQUIRED', error: 'Unauthorized' }, who);
      t.notOk(answer.headers['set-cookie']);
    }
    for (const key of [KEY, OTHER]) {
      const answer = await ask(keyed, { authorization: `Bearer ${key}` });
      t.not(answer.statusCode, 401, 'every key of the list is good');
      t.equal(answer.headers['cache-control'], 'no-store');
    }
    const answer = await ask(keyless, { authorization: `Bearer ${KEY}` });
    t.equal(answer.json().code, 'SERVICE_KEY_REQUIRED', 'without SERVICE_KEYS nobody is a service');
  });
}
