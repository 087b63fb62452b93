import t from 'tap';
import { build, login, withCookie } from '../support/build.ts';

t.test('what changes something or fails is logged, once; what is read is not', async (t) => {
  const { app, log } = await build(t);
  const requests = () =>
    log
      .map((line) => JSON.parse(line))
      .filter(({ msg, req, res }: { msg: string; req?: object; res?: object }) => msg === 'request' || req || res);
  const token = await login(app, { 'user-agent': 'a browser' });
  t.equal(requests().length, 1);
  t.match(requests()[0], {
    level: 'info',
    time: /^\d{4}-\d\d-\d\dT[\d:.]+Z$/,
    req: { id: String, method: 'POST', path: '/login', remoteAddress: '127.0.0.1' },
    res: { statusCode: 200 },
    ms: Number,
  });
  for (const url of ['/session', '/verify', '/sessions', '/hello', '/healthz', '/metrics']) {
    await app.inject({ url, headers: withCookie(token) });
  }
  t.equal(requests().length, 1);
  await app.inject('/session');
  await app.inject('/nothing?with=secrets');
  await app.inject({ method: 'POST', url: '/logout', headers: withCookie(token) });
  t.same(
    requests().map(({ req, res }) => [req.method, req.path, res.statusCode]),
    [
      ['POST', '/login', 200],
      ['GET', '/session', 401],
      ['GET', '/nothing', 404],
      ['POST', '/logout', 204],
    ],
  );
});

t.test('a token that someone puts into a path is not logged', async (t) => {
  const { app, log } = await build(t);
  const token = await login(app);
  for (const url of [
    `/sessions/${token}`,
    `/${token}/${token}`,
    `/v1/sessions/${token}/renew`,
    `/${token.replaceAll('.', '%2e')}`,
  ]) {
    await app.inject({ method: 'DELETE', url, headers: withCookie(token) });
  }
  t.notOk(log.join('').includes(token.split('.')[2] as string));
  const paths = log.map((line) => JSON.parse(line).req?.path).filter((path) => path !== undefined);
  t.same(paths, ['/login', '/sessions/[token]', '/[token]/[token]', '/v1/sessions/[token]/renew', '/[token]']);
});

t.test('the life of sessions is logged by their public names', async (t) => {
  const { app, log } = await build(t);
  const token = await login(app);
  await app.inject({ method: 'POST', url: '/logout', headers: withCookie(token) });
  const events = log.map((line) => JSON.parse(line).event).filter((event) => event !== undefined);
  const sessionId = token.split('.')[0] as string;
  t.match(events, [
    { type: 'created', kind: 'login', sessionId, userId: 'demo' },
    { type: 'revoked', reason: 'logout', sessionId, userId: 'demo' },
  ]);
});
