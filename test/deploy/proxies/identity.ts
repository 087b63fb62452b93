import type { Echo } from '../../support/echo-app.ts';
import { KEY } from '../../support/protected.ts';
import { upgrade } from '../../support/upgrade.ts';
import type { Case } from './cases.ts';

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

/** Paths whose extensions have media types of their own, which must not become those of sessiond's responses. */
export const PATHS_WITH_TYPES = ['/login.html', '/x.png', '/app.js', '/a/feed.xml', '/file.bin'];

/** Which requests reach the app, and the identity headers they carry. */
export const identity: Record<string, Case> = {
  async 'a request without a session gets sessiond’s 401 and does not reach the app'(t, { call, app, pods }) {
    const expected = await pods[0]?.inject('/verify');
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
      t.equal(answer.body, expected?.body);
      t.equal(answer.headers['content-type'], expected?.headers['content-type']);
      t.equal(answer.headers['cache-control'], 'no-store');
    }
    for (const path of PATHS_WITH_TYPES) {
      t.equal((await call(path)).headers['content-type'], expected?.headers['content-type'], path);
    }
    t.equal((await call('/', { method: 'HEAD' })).status, 401);
    for (const token of ['x', 'a.1.b', '']) {
      t.equal((await call('/', { headers: { cookie: `__Host-sid=${token}` } })).status, 401);
      t.equal((await call('/', { headers: { authorization: `Bearer ${token}` } })).status, 401);
    }
    t.equal(app.received.length, before);
  },

  async 'requests of a logged-in user reach the app with identity headers'(t, { call, login, port }) {
    const { cookie, session } = await login();
    const answer = await call('/orders', { headers: { cookie } });
    t.equal(answer.status, 200);
    t.equal(answer.headers['x-app'], 'echo');
    const { headers } = answer.json() as Echo;
    t.same(headers['x-session-id'], [session.sessionId]);
    t.same(headers['x-session-user'], ['ann']);
    t.same(headers.host, [`127.0.0.1:${port}`], 'the original Host');
    t.match(headers['x-session-expire'], [/^\d{4}-\d\d-\d\dT.*Z$/]);
    const native = await call('/', { headers: { authorization: `Bearer ${cookie.split('=')[1]}` } });
    t.equal(native.status, 200, 'with a bearer token too');
    const twice = await upgrade(port, { cookie, Cookie: '__Host-sid=other' });
    t.match(twice, /^HTTP\/1.1 401 /, 'two cookies of the same name are rejected, in two headers too');
  },

  async 'a user name beyond ASCII is percent-encoded'(t, { call, login }) {
    const { cookie } = await login('漢字 ü%');
    const { headers } = (await call('/', { headers: { cookie } })).json() as Echo;
    t.same(headers['x-session-user'], [encodeURIComponent('漢字 ü%')]);
  },

  async 'identity headers of the client do not reach the app, in any spelling'(t, { call, login, app }) {
    const { cookie, session } = await login();
    for (const spelling of SPELLINGS) {
      const forged = Object.fromEntries(
        ['id', 'user', 'expire', 'claim-role', 'claim-email'].map((what) => [
          spelling.replace(/user/i, what),
          ['admin', 'root'],
        ]),
      );
      t.equal((await call('/', { headers: forged })).status, 401, `${spelling} does not authenticate`);
      const { headers } = (await call('/', { headers: { cookie, ...forged } })).json() as Echo;
      t.same(identityIn(headers), IDENTITY, `${spelling} is removed`);
      t.same([headers['x-session-user'], headers['x-session-id']], [['ann'], [session.sessionId]], spelling);
    }
    for (const connection of ['close, x-session-user', 'X-Session-User, X-Session-Id, keep-alive']) {
      const answer = await call('/', { headers: { cookie, connection } });
      const { headers } = answer.json() as Echo;
      t.same(identityIn(headers), IDENTITY, `Connection: ${connection} removes no identity header`);
      t.notMatch(headers.connection?.join(), /x-session/i, 'and does not reach the app’s own proxy');
    }
    t.notOk(JSON.stringify(app.received).includes('admin'));
  },

  async 'claims reach the app, and only those of the session'(t, { call, login, pods }) {
    const { cookie, session } = await login();
    const claims = { role: ['admin', 'ü,x'], email: null, secret: 'kept' };
    const patched = await pods[0]?.inject({
      method: 'PATCH',
      url: `/v1/sessions/${session.sessionId}`,
      headers: { authorization: `Bearer ${KEY}` },
      payload: { claims },
    });
    t.equal(patched?.statusCode, 200);
    const forged = { 'x-session-claim-email': 'root@evil.example', 'X-Session-Claim-Role': 'root' };
    const { headers } = (await call('/', { headers: { cookie, ...forged } })).json() as Echo;
    t.same(headers['x-session-claim-role'], ['admin,%C3%BC%2Cx']);
    t.notOk(headers['x-session-claim-email']?.join(''), 'the client’s own is removed where the session has none');
    t.notOk(headers['x-session-claim-secret'], 'a claim that is not in CLAIM_HEADERS');
  },

  async 'an anonymous session gets 401 and does not reach the app'(t, { call, app }) {
    const started = await call('/session', { method: 'POST' });
    t.equal(started.status, 201);
    const [cookie] = (started.headers['set-cookie']?.[0] ?? '').split(';');
    const before = app.received.length;
    const answer = await call('/', { headers: { cookie, 'x-session-user': 'ann' } });
    t.match(answer.json(), { statusCode: 401, code: 'REAUTHENTICATION_REQUIRED' });
    t.notOk(answer.headers['set-cookie'], 'the session is kept');
    t.equal(app.received.length, before);
  },

  async 'a logout takes effect at once, and the cookie of an ended session is cleared'(t, { call, login, app }) {
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
};

/** The identity headers that have a value: Caddy sends an empty header for a claim that the session does not have. */
function identityIn(headers: Echo['headers']): string[] {
  return Object.keys(headers)
    .filter((name) => /^x[^a-z]session/i.test(name) && headers[name]?.join('') !== '')
    .sort();
}
