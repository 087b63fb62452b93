import t from 'tap';
import { worlds } from '../../support/worlds.ts';

const inEveryWorld = await worlds(t);

inEveryWorld('a login answers the session, and its token in the cookie alone', async (t, { login, status }) => {
  const { response, token, sessionId } = await login('ann', { headers: { 'user-agent': 'a browser' } });
  t.equal(response.statusCode, 200);
  const session = response.json();
  t.match(session, { userId: 'ann', version: 1, metadata: {}, device: { ip: '127.0.0.1', userAgent: 'a browser' } });
  t.match(sessionId, /^[0-3][0-9a-f][A-Za-z0-9_-]{27}$/);
  t.equal(session.authenticatedAt, session.createdAt);
  t.equal(session.lastSeenAt, session.createdAt);
  t.equal(session.expiresAt, session.createdAt + 1800_000);
  t.equal(session.absoluteExpiresAt, session.createdAt + 86_400_000);
  t.equal(response.headers['x-session-expire'], new Date(session.expiresAt).toISOString());
  t.equal(response.headers['cache-control'], 'no-store');
  t.notMatch(response.body, token);
  t.match(token, new RegExp(`^${sessionId}\\.1\\.[A-Za-z0-9_-]{43}$`));
  t.equal(await status(token), 200);
});

inEveryWorld('the cookie has the attributes of the contract and is short', async (t, { login }) => {
  const { response, token } = await login('ann');
  t.equal(response.headers['set-cookie'], `__Host-sid=${token}; Path=/; HttpOnly; Secure; SameSite=Strict`);
  t.ok(Buffer.byteLength(`__Host-sid=${token}`) < 128);
});

inEveryWorld('remember keeps the cookie up to the absolute end', async (t, { login }) => {
  const { response, token } = await login('ann', { form: { remember: true } });
  t.equal(
    response.headers['set-cookie'],
    `__Host-sid=${token}; Max-Age=2592000; Path=/; HttpOnly; Secure; SameSite=Strict`,
  );
  const forgotten = await login('ann', { form: { remember: false } });
  t.notMatch(forgotten.response.headers['set-cookie'], /Max-Age|Expires/);
});

inEveryWorld(
  'the cookie is called sid where it can not be Secure',
  async (t, { login }) => {
    const { response, token } = await login('ann');
    t.equal(response.headers['set-cookie'], `sid=${token}; Path=/; HttpOnly; SameSite=Strict`);
  },
  { COOKIE_SECURE: 'false' },
);

inEveryWorld('an anonymous session ends at login and its metadata is carried over', async (t, world) => {
  const { call, login, status } = world;
  const started = await call('POST', '/session');
  const before = started.cookies[0]?.value as string;
  await call('PATCH', '/session', { token: before, payload: { metadata: { cart: ['book'], theme: 'dark' } } });
  const { token, sessionId, response } = await login('ann', { token: before, form: { metadata: { theme: 'light' } } });
  t.not(token, before);
  t.not(sessionId, started.json().sessionId);
  t.same(response.json().metadata, { cart: ['book'], theme: 'light' });
  t.equal(await status(before), 401);
  t.equal(await status(token), 200);
});

inEveryWorld('what an anonymous session lost while its visitor logged in is not carried over', async (t, { pods }) => {
  const { sessions } = pods[0] as (typeof pods)[number];
  const device = { ip: '', userAgent: '' };
  const { sessionId } = (await sessions.startAnonymous(device)).session;
  const metadata = { theme: 'dark', cart: 1, toString: 1 };
  const previous = await sessions.patch({ sessionId, patch: { set: metadata, remove: [], increment: {} } });
  await sessions.patch({ sessionId, patch: { set: {}, remove: ['cart', 'toString'], increment: {} } });
  const { session } = await sessions.login({
    userId: 'ann',
    remember: false,
    metadata: {},
    claims: {},
    device,
    previous,
  });
  t.strictSame(session.metadata, { theme: 'dark' });
});

for (const next of ['ann', 'bob']) {
  inEveryWorld(`the session of ann ends when ${next} logs in with it, and carries nothing over`, async (t, world) => {
    const { call, login, status } = world;
    const before = await login('ann');
    await call('PATCH', '/session', { token: before.token, payload: { metadata: { private: 1 } } });
    const after = await login(next, { token: before.token });
    t.not(after.sessionId, before.sessionId);
    t.same(after.response.json().metadata, {});
    t.equal(await status(before.token), 401);
    t.equal(await status(after.token), 200);
    const listed = await call('GET', '/sessions', { token: after.token });
    t.same(
      listed.json().sessions.map(({ sessionId }: { sessionId: string }) => sessionId),
      [after.sessionId],
    );
  });
}

inEveryWorld('a bearer token is traded as a cookie is', async (t, { login, status }) => {
  const before = await login('ann');
  const after = await login('ann', { headers: { authorization: `Bearer ${before.token}` } });
  t.equal(await status(before.token), 401);
  t.equal(await status(after.token), 200);
});

inEveryWorld('a wrong password and an unknown user get the same answer, to the byte', async (t, { call }) => {
  const attempt = (username: string) => call('POST', '/login', { payload: { username, password: 'no' } });
  const [wrong, unknown] = [await attempt('ann'), await attempt('nobody')];
  const rest = ({ date: _, 'x-request-id': __, ...headers }: typeof wrong.headers) => headers;
  const [wrongHeaders, unknownHeaders] = [rest(wrong.headers), rest(unknown.headers)];
  t.equal(wrong.statusCode, 401);
  t.equal(wrong.body, unknown.body);
  t.same(wrongHeaders, unknownHeaders);
  t.match(wrong.json(), { statusCode: 401, code: 'INVALID_CREDENTIALS', error: 'Unauthorized' });
  t.notOk(wrong.headers['set-cookie']);
});

inEveryWorld('a login that fails leaves the session of before', async (t, { call, login, status }) => {
  const { token } = await login('ann', { form: { metadata: { a: 1 } } });
  const wrong = await call('POST', '/login', { token, payload: { username: 'ann', password: 'no' } });
  t.equal(wrong.statusCode, 401);
  const payload = { username: 'ann', password: 'ann-password', metadata: { text: 'x'.repeat(4096) } };
  const large = await call('POST', '/login', { token, payload });
  t.match(large.json(), { statusCode: 413, code: 'METADATA_TOO_LARGE' });
  t.notOk(wrong.headers['set-cookie'] ?? large.headers['set-cookie']);
  t.equal(await status(token), 200);
  t.match((await call('GET', '/sessions', { token })).json().sessions, { length: 1 });
});

inEveryWorld('an anonymous session whose metadata would not fit stays as it was', async (t, { call, status }) => {
  const token = (await call('POST', '/session')).cookies[0]?.value as string;
  await call('PATCH', '/session', { token, payload: { metadata: { a: 'x'.repeat(3000) } } });
  const payload = { username: 'ann', password: 'ann-password', metadata: { b: 'x'.repeat(3000) } };
  t.equal((await call('POST', '/login', { token, payload })).statusCode, 413);
  t.equal(await status(token), 200);
});
