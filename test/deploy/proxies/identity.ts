import type { Echo } from '../../support/echo-app.ts';
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

/** Who gets in, and what the app is told of them. */
export const identity: Record<string, Case> = {
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
};

function identityIn(headers: Echo['headers']): string[] {
  return Object.keys(headers)
    .filter((name) => /^x[^a-z]session/i.test(name))
    .sort();
}
