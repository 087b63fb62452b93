import t from 'tap';
import { build } from '../support/build.ts';

const ORIGIN = 'https://app.example';
const preflight = (origin: string) =>
  ({
    method: 'OPTIONS',
    url: '/session',
    headers: { origin, 'access-control-request-method': 'PATCH', 'access-control-request-headers': 'content-type' },
  }) as const;

t.test('without ALLOWED_ORIGINS there is no CORS', async (t) => {
  const { app } = await build(t);
  for (const request of [preflight(ORIGIN), { url: '/session', headers: { origin: ORIGIN } }] as const) {
    const { headers } = await app.inject(request);
    t.notOk(Object.keys(headers).some((name) => name.startsWith('access-control-')));
  }
});

t.test('pages of an allowed origin may call with the cookie and read what they need', async (t) => {
  const { app } = await build(t, { ALLOWED_ORIGINS: `${ORIGIN},https://other.example` });
  const allowed = await app.inject(preflight(ORIGIN));
  t.equal(allowed.statusCode, 204);
  t.match(allowed.headers, {
    'access-control-allow-origin': ORIGIN,
    'access-control-allow-credentials': 'true',
    'access-control-allow-methods': /PATCH/,
    'access-control-allow-headers': /content-type.*if-match/,
  });
  const read = await app.inject({ url: '/session', headers: { origin: ORIGIN } });
  t.equal(read.statusCode, 401);
  t.equal(read.headers['access-control-allow-origin'], ORIGIN, 'errors can be read as well');
  t.match(read.headers['access-control-expose-headers'], /date, etag, retry-after, x-session-expire/);
  t.match(read.headers.vary, /origin/i);
});

t.test('pages of every other origin may not', async (t) => {
  const { app } = await build(t, { ALLOWED_ORIGINS: ORIGIN });
  for (const origin of ['https://evil.example', 'https://app.example.evil.example', 'null', 'http://app.example']) {
    t.notOk((await app.inject(preflight(origin))).headers['access-control-allow-origin'], origin);
  }
});
