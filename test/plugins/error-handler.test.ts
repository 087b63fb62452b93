import t from 'tap';
import { form, sessionRoutes } from '../support/session-routes.ts';
import { worlds } from '../support/worlds.ts';

const inEveryWorld = await worlds(t);

const withBody = sessionRoutes.filter(([method]) => method !== 'GET');
const JSON_TYPE = { 'content-type': 'application/json' };

/** What is no body of any route: the headers, the payload, the status, the code. */
const bodies: [headers: Record<string, string>, payload: string, status: number, code: string][] = [
  [JSON_TYPE, '{', 400, 'FST_ERR_CTP_INVALID_JSON_BODY'],
  [JSON_TYPE, 'undefined', 400, 'FST_ERR_CTP_INVALID_JSON_BODY'],
  [JSON_TYPE, '{"a":1}x', 400, 'FST_ERR_CTP_INVALID_JSON_BODY'],
  [JSON_TYPE, '{"__proto__":{"admin":true}}', 400, 'FST_ERR_CTP_INVALID_JSON_BODY'],
  [JSON_TYPE, '{"constructor":{"prototype":{"admin":true}}}', 400, 'FST_ERR_CTP_INVALID_JSON_BODY'],
  [JSON_TYPE, '\u0000', 400, 'FST_ERR_CTP_INVALID_JSON_BODY'],
  [JSON_TYPE, '['.repeat(30_000), 400, 'FST_ERR_CTP_INVALID_JSON_BODY'],
  [JSON_TYPE, '{"surprise":1}', 400, 'FST_ERR_VALIDATION'],
  [JSON_TYPE, '[]', 400, 'FST_ERR_VALIDATION'],
  [JSON_TYPE, '"text"', 400, 'FST_ERR_VALIDATION'],
  [JSON_TYPE, '42', 400, 'FST_ERR_VALIDATION'],
  [JSON_TYPE, 'true', 400, 'FST_ERR_VALIDATION'],
  [JSON_TYPE, `{"a":"${'x'.repeat(1024 * 1024)}"}`, 413, 'FST_ERR_CTP_BODY_TOO_LARGE'],
  [{ 'content-type': 'text/plain' }, '{}', 415, 'FST_ERR_CTP_INVALID_MEDIA_TYPE'],
  [{ 'content-type': 'application/xml' }, '<a/>', 415, 'FST_ERR_CTP_INVALID_MEDIA_TYPE'],
  [{ 'content-type': 'application/x-www-form-urlencoded' }, 'username=ann', 415, 'FST_ERR_CTP_INVALID_MEDIA_TYPE'],
  [{ 'content-type': 'multipart/form-data; boundary=x' }, '--x--', 415, 'FST_ERR_CTP_INVALID_MEDIA_TYPE'],
  [{ 'content-type': 'nonsense' }, '{}', 415, 'FST_ERR_CTP_INVALID_MEDIA_TYPE'],
];

inEveryWorld('no route takes a body it does not ask for', async (t, { call, login, status }) => {
  const { token, response } = await login('ann');
  for (const [method, url] of withBody) {
    for (const [headers, payload, statusCode, code] of bodies) {
      const answer = await call(method, url, { token, headers, payload });
      const name = `${method} ${url} ${Object.values(headers)} ${payload.slice(0, 20)}`;
      t.match(answer.json(), { statusCode, code, error: String, message: String }, name);
      t.same(Object.keys(answer.json()), ['statusCode', 'code', 'error', 'message']);
      t.equal(answer.statusCode, statusCode);
    }
  }
  t.equal(await status(token), 200);
  t.same((await call('GET', '/session', { token })).json(), response.json(), 'nothing has changed');
  t.notOk('admin' in {});
});

inEveryWorld('metadata keeps any text there is, as it was', async (t, { call, login }) => {
  const { token } = await login('ann');
  const payload =
    '{"metadata":{"\\u0000":"\\ud800","toString":1,"🎉":[[],{}],"":null,"a.b":{"$set":1}},"increment":{"valueOf":1}}';
  const answer = await call('PATCH', '/session', { token, headers: JSON_TYPE, payload });
  t.equal(answer.statusCode, 200);
  const { metadata } = (await call('GET', '/session', { token })).json();
  t.strictSame(metadata, { '\u0000': '\ud800', toString: 1, '🎉': [[], {}], 'a.b': { $set: 1 }, valueOf: 1 });
});

inEveryWorld('hostile headers and paths are refused or ignored, never a fault', async (t, world) => {
  const { call, login, lines } = world;
  const { token } = await login('ann');
  for (const [method, url] of sessionRoutes) {
    const payload = url === '/login' ? { ...form, password: 'no' } : method === 'PATCH' ? {} : undefined;
    const body = payload === undefined ? {} : { payload };
    for (const headers of [
      { cookie: `__Host-sid=${'x'.repeat(10_000)}` },
      { cookie: '='.repeat(10_000) },
      { cookie: `${'a=b;'.repeat(2500)}` },
      { cookie: '__Host-sid=%zz%00' },
      { authorization: `Bearer ${'x'.repeat(10_000)}` },
      { authorization: 'Bearer \u00ff' },
      { 'user-agent': '\u00ff'.repeat(600) },
      { 'x-forwarded-for': 'nonsense, 1.2.3.4', host: '[::1' },
      { 'if-match': 'x'.repeat(10_000) },
    ]) {
      const answer = await call(method, url, { headers, ...body });
      t.ok(answer.statusCode < 500, `${method} ${url} ${JSON.stringify(headers).slice(0, 50)} ${answer.statusCode}`);
    }
  }
  const paths: [path: string, status: number, code: string][] = [
    ['/%', 400, 'BAD_REQUEST'],
    ['/sessions/%zz', 400, 'BAD_REQUEST'],
    ['/sessions/%c3%28', 400, 'BAD_REQUEST'],
    [`/sessions/${'x'.repeat(2000)}`, 400, 'BAD_REQUEST'],
    ['/nothing/here', 404, 'NOT_FOUND'],
    ['/session/../login', 404, 'NOT_FOUND'],
    ['//session', 404, 'NOT_FOUND'],
    ['/SESSION', 404, 'NOT_FOUND'],
    [`/${'x'.repeat(10_000)}`, 404, 'NOT_FOUND'],
    ['/__proto__', 404, 'NOT_FOUND'],
  ];
  for (const [path, statusCode, code] of paths) {
    const answer = await call('DELETE', path, { token });
    t.match(answer.json(), { statusCode, code, error: String, message: String }, path.slice(0, 30));
  }
  t.equal(lines().filter((line) => line.includes('"level":"error"')).length, 0);
});
