import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import type { Test } from 'tap';
import { type Echo, sha256, startEchoApp } from '../../support/echo-app.ts';
import { KEY, send, startWorld, type World } from '../../support/protected.ts';
import type { StartProxy } from '../../support/proxy.ts';
import { freePort } from '../../support/redis.ts';
import { until } from '../../support/until.ts';
import { upgrade } from '../../support/upgrade.ts';

const UNAVAILABLE = { statusCode: 503, code: 'STORE_UNAVAILABLE', error: 'Service Unavailable' };
const IDENTITY = ['x-session-expire', 'x-session-id', 'x-session-user'];
const SPELLINGS = [
  'x-session-user',
  'X-SESSION-USER',
  'X_Session_User',
  'X-Session_User',
  'x_session-user',
  'X.Session.User',
  'X-Session+User',
];

const websocket = {
  upgrade: 'websocket',
  'sec-websocket-version': '13',
  'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
};

export type Case = (t: Test, world: World) => Promise<void>;

/** What every proxy with our configuration does, whichever it is. */
const cases: Record<string, Case> = {
  async 'without a session: 401 as sessiond says it, and the app is not reached'(t, { call, app, pods }) {
    const said = await pods[0]?.inject('/verify');
    const before = app.received.length;
    for (const [method, body] of [
      ['GET', undefined],
      ['POST', 'x'.repeat(100_000)],
      ['PUT', ''],
      ['DELETE', undefined],
      ['OPTIONS', undefined],
    ] as const) {
      const answer = await call('/orders?x=1', { method, ...(body === undefined ? {} : { body }) });
      t.equal(answer.status, 401, method);
      t.equal(answer.body, said?.body);
      t.equal(answer.headers['content-type'], said?.headers['content-type']);
      t.equal(answer.headers['cache-control'], 'no-store');
    }
    t.equal((await call('/', { method: 'HEAD' })).status, 401);
    for (const token of ['x', 'a.1.b', '']) {
      t.equal((await call('/', { headers: { cookie: `__Host-sid=${token}` } })).status, 401);
      t.equal((await call('/', { headers: { authorization: `Bearer ${token}` } })).status, 401);
    }
    t.equal(app.received.length, before);
  },

  async 'who logs in through the proxy reaches the app, which is told who it is'(t, { call, login, port }) {
    const { cookie, session } = await login();
    const answer = await call('/orders', { headers: { cookie } });
    t.equal(answer.status, 200);
    t.equal(answer.headers['x-app'], 'echo');
    const { headers } = answer.json() as Echo;
    t.same(headers['x-session-id'], [session.sessionId]);
    t.same(headers['x-session-user'], ['ann']);
    t.same(headers.host, [`127.0.0.1:${port}`], 'and asked under which name');
    t.match(headers['x-session-expire'], [/^\d{4}-\d\d-\d\dT.*Z$/]);
    const native = await call('/', { headers: { authorization: `Bearer ${cookie.split('=')[1]}` } });
    t.equal(native.status, 200, 'with a bearer token too');
    const twice = await upgrade(port, { cookie, Cookie: '__Host-sid=other' });
    t.match(twice, /^HTTP\/1.1 401 /, 'two cookies of the name are none, also in two lines');
  },

  async 'a user’s name in any script arrives percent-encoded'(t, { call, login }) {
    const { cookie } = await login('漢字 ü%');
    const { headers } = (await call('/', { headers: { cookie } })).json() as Echo;
    t.same(headers['x-session-user'], [encodeURIComponent('漢字 ü%')]);
  },

  async 'what a client says of its session does not reach the app, however it is spelled'(t, { call, login, app }) {
    const { cookie, session } = await login();
    for (const spelling of SPELLINGS) {
      const forged = Object.fromEntries(
        ['id', 'user', 'expire'].map((what) => [spelling.replace(/user/i, what), ['admin', 'root']]),
      );
      t.equal((await call('/', { headers: forged })).status, 401, `${spelling} is no session`);
      const { headers } = (await call('/', { headers: { cookie, ...forged } })).json() as Echo;
      t.same(identityIn(headers), IDENTITY, `${spelling} is gone`);
      t.same([headers['x-session-user'], headers['x-session-id']], [['ann'], [session.sessionId]], spelling);
    }
    for (const connection of ['close, x-session-user', 'X-Session-User, X-Session-Id, keep-alive']) {
      const answer = await call('/', { headers: { cookie, connection } });
      const { headers } = answer.json() as Echo;
      t.same(identityIn(headers), IDENTITY, `Connection: ${connection} takes nothing away`);
      t.notMatch(headers.connection?.join(), /x-session/i, 'nor could it behind the app’s own proxy');
    }
    t.notOk(JSON.stringify(app.received).includes('admin'));
  },

  async 'methods, bodies, paths and queries reach the app as they were sent'(t, { call, login, asked }) {
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
      t.match(headers['content-length'] ?? '0', '0', 'sessiond gets no body');
    }
  },

  async 'what the app answers is the client’s, errors too'(t, { call, login }) {
    const { cookie } = await login();
    for (const status of [201, 302, 401, 403, 404, 500, 502, 503, 504]) {
      const answer = await call('/', { headers: { cookie, answer: `${status}` } });
      t.match([answer.status, answer.headers['x-app']], [status, 'echo'], `${status}`);
    }
    const broken = await call('/', { headers: { cookie, answer: 'none' } });
    t.equal(broken.status, 502, 'nor is an app that does not answer taken for sessiond');
  },

  async 'an anonymous session is not a user'(t, { call, app }) {
    const started = await call('/session', { method: 'POST' });
    t.equal(started.status, 201);
    const [cookie] = (started.headers['set-cookie']?.[0] ?? '').split(';');
    const before = app.received.length;
    const answer = await call('/', { headers: { cookie, 'x-session-user': 'ann' } });
    t.match(answer.json(), { statusCode: 401, code: 'REAUTHENTICATION_REQUIRED' });
    t.notOk(answer.headers['set-cookie'], 'and stays a session');
    t.equal(app.received.length, before);
  },

  async 'logged out is logged out at once, and the cookie of a dead session is cleared'(t, { call, login, app }) {
    const { cookie } = await login();
    t.equal((await call('/', { headers: { cookie } })).status, 200);
    const before = app.received.length;
    const out = await call('/logout', { method: 'POST', headers: { cookie } });
    t.equal(out.status, 204);
    t.match(out.headers['clear-site-data'], 'cookies');
    for (const _ of Array(4)) {
      const answer = await call('/', { headers: { cookie } });
      t.match(answer.json(), { statusCode: 401, code: 'NO_SESSION' });
      t.match(answer.headers['set-cookie'], [/^__Host-sid=;/]);
    }
    t.equal(app.received.length, before);
  },

  async 'sessiond’s routes for users are there, and see the host that the user sees'(t, { call, login, app, port }) {
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

  async 'sessiond’s other routes can not be reached from outside'(t, { call, login, asked }) {
    const { cookie } = await login();
    const operator = ['/v1/stats', '/v1/sessions', '/metrics', '/readyz', '/healthz', '/docs', '/docs/json', '/hello'];
    const around = [
      '/sessions/../metrics',
      '/session/%2e%2e/metrics',
      '/login/..%2fmetrics',
      '//metrics',
      '/%6detrics',
    ];
    const absolute = ['http://127.0.0.1/metrics', 'http://127.0.0.1/login/../v1/stats'];
    asked.length = 0;
    for (const path of [...operator, ...around, ...absolute, '/.sessiond/verify']) {
      for (const headers of [{ authorization: `Bearer ${KEY}` }, { cookie, 'x-service-key': KEY }]) {
        const answer = await call(path, { headers });
        t.ok(answer.headers['x-app'] === 'echo' || [400, 401, 404].includes(answer.status), `${path} ${answer.status}`);
        t.notMatch(answer.body, /# HELP|"active"|openapi/i);
      }
    }
    const known = operator.map((path) => path.split('/')[1]);
    const reached = asked.filter(({ url }) => known.includes(new URL(url, 'http://x').pathname.split('/')[1]));
    t.same(
      reached.map(({ url }) => url),
      [],
    );
  },

  async 'sessiond is told the client’s address, not what the client says of it'(t, { call, login, port }) {
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
    t.same(headers['x-forwarded-for'], ['127.0.0.8'], 'and so is the app');
    t.same(headers['x-forwarded-host'], [`127.0.0.1:${port}`]);
    t.same(headers['x-forwarded-proto'], ['http']);
  },

  async 'a question carries the client’s address'(t, { call, login, asked }) {
    const { cookie } = await login();
    asked.length = 0;
    await call('/', { from: '127.0.0.9', headers: { cookie, 'x-forwarded-for': '203.0.113.9' } });
    t.same(
      asked.map(({ headers }) => headers['x-forwarded-for']),
      ['127.0.0.9'],
    );
  },

  async 'a WebSocket passes once its user is known, other upgrades are none'(t, { login, port, app }) {
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
    t.notMatch(JSON.stringify(app.received), /h2c/, 'also not along with one');
  },

  async 'a Redis that does not answer is 503, and nobody is logged out by it'(t, { call, login, redis, app }) {
    const { cookie } = await login();
    const before = app.received.length;
    redis.process.kill('SIGSTOP');
    for (const method of ['GET', 'POST', 'GET', 'GET']) {
      const answer = await call('/', { method, headers: { cookie } });
      t.match(answer.json(), UNAVAILABLE);
      t.match(answer.headers, { 'retry-after': /^\d+$/, 'content-type': /^application\/json/ });
      t.notOk(answer.headers['set-cookie']);
      t.ok(answer.elapsedMs < 1500, `${answer.elapsedMs} ms`);
    }
    redis.process.kill('SIGCONT');
    t.equal(app.received.length, before);
    await until(async () => (await call('/', { headers: { cookie } })).status === 200);
  },

  // The last: nobody answers any more.
  async 'a sessiond that is stopped is 503, quickly, and nobody gets in'(t, { call, login, pods, app }) {
    const { cookie } = await login();
    t.equal((await call('/', { headers: { cookie } })).status, 200);
    await Promise.all(pods.map((pod) => pod.close()));
    const before = app.received.length;
    for (const [method, path] of [
      ['GET', '/'],
      ['GET', '/'],
      ['POST', '/'],
      ['HEAD', '/'],
      ['GET', '/session'],
      ['POST', '/login'],
    ] as const) {
      const answer = await call(path, { method, headers: { cookie } });
      t.equal(answer.status, 503, `${method} ${path}`);
      if (method !== 'HEAD') t.match(answer.json(), UNAVAILABLE);
      t.match(answer.headers['retry-after'], /^\d+$/);
      t.ok(answer.elapsedMs < 1500, `${answer.elapsedMs} ms`);
    }
    t.equal(app.received.length, before);
  },
};

/** Tests a proxy, started by `start`: first what is special about it, then what all have in common. */
export async function protects(t: Test, start: StartProxy, more: Record<string, Case> = {}): Promise<void> {
  const world = await startWorld(t, start);
  for (const [sentence, run] of Object.entries({ ...more, ...cases })) await t.test(sentence, (t) => run(t, world));

  await t.test('a sessiond that hangs is 503, quickly, and nobody gets in', async (t) => {
    const silent = createServer((socket) => socket.on('error', () => undefined).resume()).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const app = await startEchoApp(t);
    const port = await freePort();
    const sessiond = [`127.0.0.1:${(silent.address() as AddressInfo).port}`];
    t.teardown(() => silent.close());
    await start(t, { listen: `127.0.0.1:${port}`, sessiond, app: app.address });
    for (const method of ['GET', 'POST']) {
      const answer = await send(port, '/', { method, headers: { cookie: '__Host-sid=x' } });
      t.match(answer.json(), UNAVAILABLE);
      t.match(answer.headers['retry-after'], /^\d+$/);
      t.ok(answer.elapsedMs < 1500, `${answer.elapsedMs} ms`);
    }
    t.same(app.received, []);
  });
}

function identityIn(headers: Echo['headers']): string[] {
  return Object.keys(headers)
    .filter((name) => /^x[^a-z]session/i.test(name))
    .sort();
}
