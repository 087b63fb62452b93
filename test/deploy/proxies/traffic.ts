import { type Echo, sha256 } from '../../support/echo-app.ts';
import { KEY } from '../../support/protected.ts';
import { upgrade } from '../../support/upgrade.ts';
import type { Case } from './cases.ts';

const websocket = {
  upgrade: 'websocket',
  'sec-websocket-version': '13',
  'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
};

/** Which backend receives a request, and what it receives. */
export const traffic: Record<string, Case> = {
  async 'methods, bodies, paths and queries reach the app unchanged'(t, { call, login, asked }) {
    const { cookie } = await login();
    const big = Buffer.alloc(2_000_000, 'sessiond ');
    const chunked = { 'transfer-encoding': 'chunked' };
    asked.length = 0;
    for (const [method, body, headers] of [
      ['GET', undefined, {}],
      ['DELETE', undefined, {}],
      ['OPTIONS', undefined, {}],
      ['POST', '{"a":1}', { 'content-type': 'application/json' }],
      ['POST', '', {}],
      ['PUT', 'x', { 'content-type': 'text/plain' }],
      ['PATCH', '[]', {}],
      ['POST', big, {}],
      ['POST', big, chunked],
      ['PUT', 'x', chunked],
      ['POST', 'x', { expect: '100-continue' }],
    ] as const) {
      const answer = await call('/upload', {
        method,
        headers: { cookie, ...headers },
        ...(body === undefined ? {} : { body }),
      });
      const bytes = Buffer.from(body ?? '');
      t.match(answer.json(), { method, url: '/upload', bytes: bytes.length, sha256: sha256(bytes) });
    }
    const head = await call('/page', { method: 'HEAD', headers: { cookie } });
    t.match([head.status, head.headers['x-app'], head.body], [200, 'echo', '']);

    for (const path of [
      '/',
      '/a%2Fb',
      '/a//b',
      '/a%20b?q=%C3%BC&q=1&maxAge=0',
      '/x?',
      '/loginx',
      '/sessions2?a=/b',
      '/verify',
    ]) {
      const { url } = (await call(path, { headers: { cookie } })).json() as Echo;
      t.equal(url, path);
    }

    t.ok(asked.length >= 20);
    for (const { method, url, headers } of asked) {
      t.same([method, url], ['GET', '/verify?maxAge=86400']);
      t.notOk(headers['transfer-encoding'] ?? headers.expect);
      t.match(headers['content-length'] ?? '0', '0', 'sessiond receives no body');
    }
  },

  async 'responses of the app reach the client, errors included'(t, { call, login }) {
    const { cookie } = await login();
    for (const status of [201, 302, 401, 403, 404, 500, 502, 503, 504]) {
      const answer = await call('/', { headers: { cookie, answer: `${status}` } });
      t.match([answer.status, answer.headers['x-app']], [status, 'echo'], `${status}`);
    }
    const broken = await call('/', { headers: { cookie, answer: 'none' } });
    t.equal(broken.status, 502, 'a failure of the app is not reported as one of sessiond');
  },

  async 'sessiond’s routes for users are reachable, with the original Host'(t, { call, login, app, port }) {
    const { cookie } = await login();
    const other = await login();
    const before = app.received.length;
    const list = (await call('/sessions', { headers: { cookie } })).json();
    t.ok(list.sessions.length >= 2);
    const url = `/sessions/${other.session.sessionId}`;
    const foreign = await call(url, { method: 'DELETE', headers: { cookie, origin: 'http://evil.example' } });
    t.match(foreign.json(), { statusCode: 403, code: 'CROSS_SITE_REQUEST' });
    const own = await call(url, { method: 'DELETE', headers: { cookie, origin: `http://127.0.0.1:${port}` } });
    t.equal(own.status, 204);
    t.equal((await call('/session/heartbeat', { method: 'POST', headers: { cookie } })).status, 204);
    t.equal((await call('/session', { headers: { cookie } })).headers.etag, '"1"');
    const wrong = await call('/login', { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' });
    t.match(wrong.json(), { statusCode: 400, code: 'FST_ERR_VALIDATION' });
    t.equal(app.received.length, before);
  },

  async 'sessiond’s other routes are not reachable'(t, { call, login, asked }) {
    const { cookie } = await login();
    const internal = ['/v1/stats', '/v1/sessions', '/metrics', '/readyz', '/healthz', '/docs', '/docs/json', '/hello'];
    const traversals = [
      '/sessions/../metrics',
      '/session/%2e%2e/metrics',
      '/login/..%2fmetrics',
      '//metrics',
      '/%6detrics',
    ];
    const absolute = ['http://127.0.0.1/metrics', 'http://127.0.0.1/login/../v1/stats'];
    asked.length = 0;
    for (const path of [...internal, ...traversals, ...absolute, '/.sessiond/verify']) {
      for (const headers of [{ authorization: `Bearer ${KEY}` }, { cookie, 'x-service-key': KEY }]) {
        const answer = await call(path, { headers });
        t.ok(answer.headers['x-app'] === 'echo' || [400, 401, 404].includes(answer.status), `${path} ${answer.status}`);
        t.notMatch(answer.body, /# HELP|"active"|openapi/i);
      }
    }
    const known = internal.map((path) => path.split('/')[1]);
    const reached = asked.filter(({ url }) => known.includes(new URL(url, 'http://x').pathname.split('/')[1]));
    t.same(
      reached.map(({ url }) => url),
      [],
    );
  },

  async 'sessiond receives the client’s address, not the client’s own X-Forwarded-For'(t, { call, login, port }) {
    const honest = await login('bob', { from: '127.0.0.7' });
    t.equal(honest.session.device.ip, '127.0.0.7');
    const forged = {
      'x-forwarded-for': '203.0.113.9, 203.0.113.10',
      'x-forwarded-host': 'evil.example',
      'x-forwarded-proto': 'gopher',
    };
    const { session, cookie } = await login('bob', { from: '127.0.0.8', headers: forged });
    t.equal(session.device.ip, '127.0.0.8');
    const { headers } = (await call('/', { from: '127.0.0.8', headers: { cookie, ...forged } })).json() as Echo;
    t.same(headers['x-forwarded-for'], ['127.0.0.8'], 'the app too');
    t.same(headers['x-forwarded-host'], [`127.0.0.1:${port}`]);
    t.same(headers['x-forwarded-proto'], ['http']);
  },

  async 'verification requests carry the client’s address'(t, { call, login, asked }) {
    const { cookie } = await login();
    asked.length = 0;
    await call('/', { from: '127.0.0.9', headers: { cookie, 'x-forwarded-for': '203.0.113.9' } });
    t.same(
      asked.map(({ headers }) => headers['x-forwarded-for']),
      ['127.0.0.9'],
    );
  },

  async 'a WebSocket passes after verification, other upgrades do not'(t, { login, port, app }) {
    const { cookie } = await login();
    const before = app.received.length;
    t.match(await upgrade(port, websocket), /^HTTP\/1.1 401 /);
    t.equal(app.received.length, before);
    const answer = await upgrade(port, { ...websocket, cookie, 'x-session-user': 'root' }, 'hello');
    t.match(answer, /^HTTP\/1.1 101 /);
    t.match(answer, /x-app: ann\r\n/i);
    t.match(answer, /\r\n\r\nhello$/);
    t.match(await upgrade(port, { upgrade: 'h2c', cookie, 'http2-settings': 'AAMAAABkAAQAAP__' }), /^HTTP\/1.1 200 /);
    await upgrade(port, { ...websocket, Upgrade: 'h2c', cookie });
    await upgrade(port, { Upgrade: 'h2c', ...websocket, cookie });
    t.notMatch(JSON.stringify(app.received), /h2c/, 'not in addition to websocket either');
  },
};
