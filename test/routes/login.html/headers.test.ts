import t from 'tap';
import { build } from '../../support/build.ts';
import { usersFile } from '../../support/users.ts';

const { app } = await build(t);
const page = await app.inject('/login.html');
const files = [...page.body.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, file]) => `/${file}`);

t.test('the page allows its own files and nothing else, and stands in no frame', async (t) => {
  t.equal(page.statusCode, 200);
  t.match(page.headers['content-type'], /^text\/html/);
  const policy = `${page.headers['content-security-policy']}`.split(';');
  t.same(policy.sort(), [
    "base-uri 'none'",
    "connect-src 'self'",
    "default-src 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
    "img-src 'self'",
    "script-src 'self'",
    "style-src 'self'",
  ]);
  t.equal(page.headers['x-frame-options'], 'DENY');
  t.equal(page.headers['referrer-policy'], 'no-referrer');
});

t.test('every file that the page names is there, from the service itself', async (t) => {
  t.ok(files.length >= 3);
  for (const file of files) t.equal((await app.inject(file)).statusCode, 200, file);
});

t.test('the page is there outside production, and in production when it is asked for', async (t) => {
  const production = { NODE_ENV: 'production', REDIS_URL: 'redis://127.0.0.1:1', USERS_FILE: usersFile(t, ['ann']) };
  const cases: [env: Record<string, string>, statusCode: number][] = [
    [{}, 200],
    [{ LOGIN_PAGE: 'false' }, 404],
    [production, 404],
    [{ ...production, LOGIN_PAGE: 'true' }, 200],
  ];
  for (const [env, statusCode] of cases) {
    const { app } = await build(t, env);
    const said = `NODE_ENV=${env.NODE_ENV} LOGIN_PAGE=${env.LOGIN_PAGE}`;
    for (const url of ['/login.html', ...files]) t.equal((await app.inject(url)).statusCode, statusCode, said + url);
    t.equal((await app.inject('/client.js')).statusCode, 200, 'the module is for every page');
  }
});
