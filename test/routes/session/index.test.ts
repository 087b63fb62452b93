import t from 'tap';
import { worlds } from '../../support/worlds.ts';

const inEveryWorld = await worlds(t);

inEveryWorld('a visitor gets an anonymous session and its cookie', async (t, { call, status }) => {
  const answer = await call('POST', '/session', { headers: { 'user-agent': 'a browser' } });
  t.equal(answer.statusCode, 201);
  const session = answer.json();
  t.match(session, {
    userId: null,
    authenticatedAt: null,
    version: 1,
    metadata: {},
    device: { userAgent: 'a browser' },
  });
  const token = answer.cookies[0]?.value as string;
  t.equal(answer.headers['set-cookie'], `__Host-sid=${token}; Path=/; HttpOnly; Secure; SameSite=Strict`);
  t.equal(answer.headers['cache-control'], 'no-store');
  t.equal(answer.headers['x-session-expire'], new Date(session.expiresAt).toISOString());
  t.equal(await status(token), 200);
});

inEveryWorld('a caller with a live session gets that one, and no cookie', async (t, { call, login }) => {
  const visitor = await call('POST', '/session');
  const user = await login('ann');
  for (const [token, sessionId] of [
    [visitor.cookies[0]?.value as string, visitor.json().sessionId],
    [user.token, user.sessionId],
  ]) {
    const again = await call('POST', '/session', { token });
    t.equal(again.statusCode, 200);
    t.equal(again.json().sessionId, sessionId);
    t.notOk(again.headers['set-cookie']);
    t.ok(again.headers['x-session-expire']);
  }
});

inEveryWorld('a caller whose session has ended gets a new one', async (t, { call, login, elapse }) => {
  const { token, sessionId } = await login('ann');
  await elapse(1_800_001);
  const answer = await call('POST', '/session', { token });
  t.equal(answer.statusCode, 201);
  t.match(answer.json(), { userId: null });
  t.not(answer.json().sessionId, sessionId);
  t.not(answer.cookies[0]?.value, token);
});

inEveryWorld('a session is read with its version as ETag, and reading sets no cookie', async (t, { call, login }) => {
  const { token, response } = await login('ann', { form: { metadata: { a: [1, { b: null }] } } });
  const read = await call('GET', '/session', { token });
  t.equal(read.statusCode, 200);
  t.same(read.json(), response.json());
  t.equal(read.headers.etag, '"1"');
  t.equal(read.headers['cache-control'], 'no-store');
  t.equal(read.headers['x-session-expire'], new Date(read.json().expiresAt).toISOString());
  t.notOk(read.headers['set-cookie']);
  t.same(Object.keys(read.json()).toSorted(), [
    'absoluteExpiresAt',
    'authenticatedAt',
    'claims',
    'createdAt',
    'device',
    'expiresAt',
    'lastSeenAt',
    'metadata',
    'sessionId',
    'userId',
    'version',
  ]);
});

inEveryWorld('without a session there is nothing to read or change', async (t, { call }) => {
  for (const [method, url] of [
    ['GET', '/session'],
    ['PATCH', '/session'],
    ['POST', '/session/heartbeat'],
    ['GET', '/sessions'],
    ['DELETE', '/sessions'],
    ['GET', '/verify'],
  ] as const) {
    const answer = await call(method, url);
    t.match(answer.json(), { statusCode: 401, code: 'NO_SESSION', error: 'Unauthorized' }, `${method} ${url}`);
    t.notOk(answer.headers['set-cookie'], 'there is no cookie to clear');
    t.equal(answer.headers['cache-control'], 'no-store');
  }
});

inEveryWorld('a long user agent is cut, a strange one is kept from breaking the record', async (t, { call }) => {
  const long = await call('POST', '/session', { headers: { 'user-agent': 'x'.repeat(2000) } });
  t.equal(long.json().device.userAgent, 'x'.repeat(512));
  const strange = await call('POST', '/session', { headers: { 'user-agent': '"],[\\u0000{}é' } });
  const token = strange.cookies[0]?.value as string;
  t.equal((await call('GET', '/session', { token })).json().device.userAgent, '"],[\\u0000{}é');
});
