import t from 'tap';
import { build, cookieToken, withCookie } from '../support/build.ts';
import { holdAgainstDocument } from '../support/documented.ts';

const OWN = 'http://localhost';
const ALLOWED = 'https://app.example';

const KEY = 'the-key-of-the-shop-0123456789-0123456789';

const { app } = await build(t, { ALLOWED_ORIGINS: ALLOWED, SERVICE_KEYS: `shop:${KEY}` });

/** A request's headers, and whether it comes from the own site or an allowed one. */
const cases: [headers: Record<string, string>, passes: boolean][] = [
  [{}, true],
  [{ 'sec-fetch-site': 'same-origin' }, true],
  [{ 'sec-fetch-site': 'none' }, true],
  [{ 'sec-fetch-site': 'same-site' }, false],
  [{ 'sec-fetch-site': 'cross-site' }, false],
  [{ 'sec-fetch-site': 'nonsense' }, false],
  [{ 'sec-fetch-site': '' }, false],
  [{ 'sec-fetch-site': 'cross-site', origin: OWN }, false],
  [{ 'sec-fetch-site': 'cross-site', origin: ALLOWED }, true],
  [{ 'sec-fetch-site': 'same-origin', origin: OWN }, true],
  [{ origin: OWN }, true],
  [{ origin: 'https://localhost', host: 'localhost' }, true],
  [{ origin: 'https://localhost', host: 'localhost:443' }, true],
  [{ origin: 'https://localhost', host: 'localhost:80' }, false],
  [{ origin: 'http://localhost:8080', host: 'localhost:8080' }, true],
  [{ origin: OWN, host: 'not a host' }, false],
  [{ origin: `${OWN}:8080` }, false],
  [{ origin: ALLOWED }, true],
  [{ origin: 'https://app.example.evil.example' }, false],
  [{ origin: 'https://evil.example' }, false],
  [{ origin: 'http://app.example' }, false],
  [{ origin: 'null' }, false],
  [{ origin: '' }, false],
  [{ origin: 'not an origin' }, false],
  [{ origin: 'https://evil.example', referer: OWN }, false],
];

const routes = [
  ['POST', '/session'],
  ['PATCH', '/session'],
  ['POST', '/session/heartbeat'],
  ['POST', '/session/renew'],
  ['POST', '/login'],
  ['POST', '/logout'],
  ['DELETE', '/sessions'],
  ['DELETE', '/sessions/unknown'],
] as const;

async function send(method: 'GET' | (typeof routes)[number][0], url: string, headers: Record<string, string>) {
  const payload =
    method === 'PATCH' ? { metadata: {} } : url === '/login' ? { username: 'x', password: 'x' } : undefined;
  const answer = await app.inject({ method, url, headers, ...(payload ? { payload } : {}) });
  holdAgainstDocument(app, method, url, answer);
  return answer;
}

const start = async () => cookieToken(await app.inject({ method: 'POST', url: '/session' }));

for (const [headers, passes] of cases) {
  t.test(`a change by cookie ${passes ? 'passes' : 'is refused'} with ${JSON.stringify(headers)}`, async (t) => {
    const token = await start();
    const answer = await send('POST', '/session/heartbeat', { ...withCookie(token), ...headers });
    t.equal(answer.statusCode, passes ? 204 : 403);
    if (!passes) {
      t.match(answer.json(), { statusCode: 403, code: 'CROSS_SITE_REQUEST', error: 'Forbidden' });
      t.notOk(answer.headers['set-cookie']);
    }
    const bearer = await send('POST', '/session/heartbeat', { authorization: `Bearer ${token}`, ...headers });
    t.equal(bearer.statusCode, 204, 'a bearer token is no ambient credential');
    t.equal(
      (await send('GET', '/session', { ...withCookie(token), ...headers })).statusCode,
      200,
      'reading changes nothing',
    );
  });
}

t.test('every route that changes something refuses another site', async (t) => {
  const token = await start();
  for (const [method, url] of routes) {
    const answer = await send(method, url, { ...withCookie(token), 'sec-fetch-site': 'cross-site' });
    t.equal(answer.statusCode, 403, `${method} ${url}`);
  }
  t.equal((await send('GET', '/session', withCookie(token))).statusCode, 200, 'and the session is there still');
});

t.test('a forged cookie from another site learns nothing', async (t) => {
  const headers = { ...withCookie('invented'), 'sec-fetch-site': 'cross-site' };
  t.equal((await send('POST', '/session/heartbeat', headers)).statusCode, 403);
});

t.test('a service may pass on what a browser sent it: its key speaks for it, not the cookie', async (t) => {
  const headers = { ...withCookie(await start()), 'sec-fetch-site': 'cross-site', authorization: `Bearer ${KEY}` };
  const url = '/v1/sessions/introspect';
  const answer = await app.inject({ method: 'POST', url, headers, payload: { token: 'x' } });
  holdAgainstDocument(app, 'POST', url, answer);
  t.same(answer.json(), { active: false });
  t.equal((await send('POST', '/session/heartbeat', headers)).statusCode, 403, 'not where the cookie counts');
});
