import t from 'tap';
import { cookieToken } from '../support/build.ts';
import { startWebhook } from '../support/webhook.ts';
import { worlds } from '../support/worlds.ts';

const KEY = 'the-key-of-the-shop-0123456789-0123456789';
const SERVICE_KEYS = `shop:${KEY}`;
const headers = { authorization: `Bearer ${KEY}` };
const inEveryWorld = await worlds(t);

inEveryWorld(
  'services set claims, key by key, and browsers only read them',
  async (t, { call }) => {
    const payload = { userId: 'ann', metadata: { a: 1 }, claims: { role: 'admin', teams: ['x'], n: null } };
    const started = await call('POST', '/v1/sessions', { headers, payload });
    t.equal(started.statusCode, 201);
    const { session, token } = started.json();
    t.strictSame(session.claims, payload.claims);
    for (const forged of [{ claims: { role: 'root' } }, { claims: {} }, { metadata: { b: 1 }, claims: null }]) {
      t.match((await call('PATCH', '/session', { token, payload: forged })).json(), { code: 'FST_ERR_VALIDATION' });
      const login = { username: 'ann', password: 'ann-password', ...forged };
      t.equal((await call('POST', '/login', { payload: login })).statusCode, 400);
    }
    t.match((await call('PATCH', '/session', { token, payload: { metadata: { role: 'root' } } })).json(), {
      version: 2,
      claims: payload.claims,
    });
    const url = `/v1/sessions/${session.sessionId}`;
    const change = { claims: { role: 'guest', teams: null, email: 'ann@shop.example' }, increment: { a: 1 } };
    const changed = await call('PATCH', url, { headers: { ...headers, 'if-match': '"2"' }, payload: change });
    const claims = { role: 'guest', n: null, email: 'ann@shop.example' };
    t.strictSame([changed.json().version, changed.json().claims], [3, claims]);
    t.strictSame((await call('GET', '/session', { token })).json().claims, claims);
    t.strictSame((await call('GET', '/sessions', { token })).json().sessions[0].claims, claims);
    t.equal(
      (await call('PATCH', url, { headers: { ...headers, 'if-match': '"2"' }, payload: change })).statusCode,
      412,
    );
    const renewed = await call('POST', '/session/renew', { token });
    t.strictSame(renewed.json().claims, claims, 'a renewal keeps them');
  },
  { SERVICE_KEYS },
);

inEveryWorld(
  'claims that are too large are refused, and nothing changes',
  async (t, { call }) => {
    const create = (claims: object) => call('POST', '/v1/sessions', { headers, payload: { userId: 'ann', claims } });
    const { session } = (await create({ role: 'admin' })).json();
    const url = `/v1/sessions/${session.sessionId}`;
    const many = Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`k${i}`, i]));
    for (const claims of [many, { k: 'x'.repeat(4089) }, { k: 'x'.repeat(4075) }]) {
      const answer = await call('PATCH', url, { headers, payload: { claims, metadata: { b: 1 } } });
      t.match([answer.statusCode, answer.json().code], [413, 'CLAIMS_TOO_LARGE']);
    }
    t.equal((await create(many)).json().code, 'CLAIMS_TOO_LARGE');
    t.strictSame((await call('GET', url, { headers })).json(), session);
    for (const claims of [null, [], 'x', 1]) t.equal((await create(claims as object)).statusCode, 400);
  },
  { SERVICE_KEYS },
);

let identity: object = {};
const { host } = await startWebhook(t, (response) => {
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(JSON.stringify(identity));
});

inEveryWorld(
  'a login has the claims of CREDENTIALS_URL, and none of the session before it',
  async (t, { call }) => {
    const login = async (answer: object, token?: string) => {
      identity = answer;
      const payload = { username: 'ann', password: 'x', metadata: { role: 'root' } };
      return call('POST', '/login', { payload, ...(token === undefined ? {} : { token }) });
    };
    const anonymous = await call('POST', '/session');
    const url = `/v1/sessions/${anonymous.json().sessionId}`;
    await call('PATCH', url, { headers, payload: { claims: { role: 'visitor', segment: 'b' } } });
    const first = await login({ userId: 'ann', claims: { role: 'admin' } }, cookieToken(anonymous));
    t.strictSame(first.json().claims, { role: 'admin' });
    t.strictSame(first.json().metadata, { role: 'root' });
    const second = await login({ userId: 'ann' }, cookieToken(first));
    t.strictSame(second.json().claims, {}, 'of the same user too');
    t.equal((await login({ userId: 'ann', claims: { role: 'x'.repeat(5000) } })).json().code, 'CLAIMS_TOO_LARGE');
    t.equal((await login({ userId: 'ann', claims: 'admin' })).json().code, 'CREDENTIALS_UNAVAILABLE');
  },
  { CREDENTIALS_URL: `http://${host}`, USERS_FILE: '', SERVICE_KEYS },
);

inEveryWorld(
  'CLAIM_HEADERS are on /verify, for strings, numbers, booleans and arrays of these',
  async (t, { call }) => {
    const claims = {
      role: 'ädmin, root',
      groups: ['a,b', 'c d', 7, true],
      none: [],
      email_verified: false,
      level: 0,
      name: '',
      object: { a: 1 },
      mixed: ['a', {}],
      nothing: null,
      secret: 'not asked for',
      'broken ': '\ud800',
    };
    const payload = { userId: 'ann', claims };
    const { token, session } = (await call('POST', '/v1/sessions', { headers, payload })).json();
    const ofClaims = async () => {
      const answer = await call('GET', '/verify', { token });
      t.equal(answer.statusCode, 200);
      return Object.fromEntries(Object.entries(answer.headers).filter(([name]) => name.startsWith('x-session-claim')));
    };
    const expected = {
      'x-session-claim-role': '%C3%A4dmin,%20root',
      'x-session-claim-groups': 'a%2Cb,c%20d,7,true',
      'x-session-claim-none': '',
      'x-session-claim-email-verified': 'false',
      'x-session-claim-level': '0',
      'x-session-claim-name': '',
    };
    t.strictSame(await ofClaims(), expected);
    t.strictSame(await ofClaims(), expected, 'asked again');
    const change = { claims: { role: 'guest', groups: null, constructor: 'x' } };
    await call('PATCH', `/v1/sessions/${session.sessionId}`, { headers, payload: change });
    t.match(await ofClaims(), { 'x-session-claim-role': 'guest', 'x-session-claim-groups': undefined });
  },
  { SERVICE_KEYS, CLAIM_HEADERS: 'role,groups,none,email_verified,level,name,object,mixed,nothing,toString' },
);
