import t from 'tap';
import { type World, worlds } from '../../support/worlds.ts';

const inEveryWorld = await worlds(t);

async function listed({ call }: World, token: string) {
  const answer = await call('GET', '/sessions', { token });
  return answer.json().sessions as { sessionId: string; userId: string | null; current: boolean }[];
}

inEveryWorld('a user’s own sessions are listed newest first, the present one marked', async (t, world) => {
  const { call, login, elapse } = world;
  const started = [];
  for (let i = 0; i < 3; i += 1) {
    started.unshift(await login('ann'));
    await elapse(1000);
  }
  const bob = await login('bob');
  const { token, sessionId } = started[1] as (typeof started)[number];
  const answer = await call('GET', '/sessions', { token });
  t.equal(answer.statusCode, 200);
  t.equal(answer.headers['cache-control'], 'no-store');
  t.ok(answer.headers['x-session-expire']);
  const sessions = await listed(world, token);
  t.same(
    sessions.map((session) => session.sessionId),
    started.map((session) => session.sessionId),
  );
  t.same(
    sessions.filter(({ current }) => current).map((session) => session.sessionId),
    [sessionId],
  );
  for (const { token } of [...started, bob]) t.notMatch(answer.body, token.split('.')[2] as string);
});

inEveryWorld('an anonymous caller sees the one session and can end it', async (t, world) => {
  const { call, status } = world;
  const other = await call('POST', '/session');
  const own = await call('POST', '/session');
  const token = own.cookies[0]?.value as string;
  t.match(await listed(world, token), [{ sessionId: own.json().sessionId, userId: null, current: true }]);
  const foreign = await call('DELETE', `/sessions/${other.json().sessionId}`, { token });
  t.match(foreign.json(), { statusCode: 404, code: 'SESSION_NOT_FOUND' });
  t.same((await call('DELETE', '/sessions?keepCurrent=true', { token })).json(), { revoked: 0 });
  t.equal(await status(token), 200);
  t.same((await call('DELETE', '/sessions', { token })).json(), { revoked: 1 });
  t.equal(await status(token), 401);
  t.equal(await status(other.cookies[0]?.value as string), 200);
});

inEveryWorld('another of the user’s sessions is ended by its name', async (t, { call, login, status }) => {
  const [own, other] = [await login('ann'), await login('ann')];
  const answer = await call('DELETE', `/sessions/${other.sessionId}`, { token: own.token });
  t.equal(answer.statusCode, 204);
  t.equal(answer.body, '');
  t.notOk(answer.headers['set-cookie'], 'the caller’s cookie stays');
  t.equal(await status(other.token), 401);
  t.equal(await status(own.token), 200);
  const again = await call('DELETE', `/sessions/${other.sessionId}`, { token: own.token });
  t.match(again.json(), { statusCode: 404, code: 'SESSION_NOT_FOUND' });
});

inEveryWorld('ending the present session by its name clears the cookie', async (t, { call, login, status }) => {
  const { token, sessionId } = await login('ann');
  const answer = await call('DELETE', `/sessions/${sessionId}`, { token });
  t.equal(answer.statusCode, 204);
  t.match(answer.headers['set-cookie'], /^__Host-sid=; Max-Age=0;/);
  t.equal(await status(token), 401);
});

inEveryWorld('what is not the caller’s own is not found, and lives on', async (t, { call, login, status }) => {
  const ann = await login('ann');
  const bob = await login('bob');
  const names = [
    bob.sessionId,
    bob.sessionId.toLowerCase(),
    'unknown',
    `3f${'A'.repeat(27)}`,
    ann.token,
    'x'.repeat(1000),
    '%00',
    '%F0%9F%8E%89',
    '..%2Fsessions',
    '*',
    '__proto__',
  ];
  for (const name of names) {
    const answer = await call('DELETE', `/sessions/${name}`, { token: ann.token });
    t.match(answer.json(), { statusCode: 404, code: 'SESSION_NOT_FOUND' }, name.slice(0, 40));
  }
  t.equal(await status(ann.token), 200);
  t.equal(await status(bob.token), 200);
});

inEveryWorld('all of a user’s sessions end, and the cookie is cleared', async (t, { call, login, status }) => {
  const all = [await login('ann'), await login('ann'), await login('ann')];
  const bob = await login('bob');
  const answer = await call('DELETE', '/sessions', { token: all[0]?.token as string });
  t.equal(answer.statusCode, 200);
  t.same(answer.json(), { revoked: 3 });
  t.match(answer.headers['set-cookie'], /^__Host-sid=; Max-Age=0;/);
  for (const { token } of all) t.equal(await status(token), 401);
  t.equal(await status(bob.token), 200);
});

inEveryWorld('all but the present one end on keepCurrent', async (t, world) => {
  const { call, login, status } = world;
  const [other, own] = [await login('ann'), await login('ann')];
  const answer = await call('DELETE', '/sessions?keepCurrent=true', { token: own.token });
  t.same(answer.json(), { revoked: 1 });
  t.notOk(answer.headers['set-cookie']);
  t.equal(await status(other.token), 401);
  t.equal(await status(own.token), 200);
  t.same((await call('DELETE', '/sessions?keepCurrent=false', { token: own.token })).json(), { revoked: 1 });
  t.equal(await status(own.token), 401);
});

inEveryWorld('a misspelt query ends nothing', async (t, { call, login, status }) => {
  const { token } = await login('ann');
  for (const query of ['keepCurrent=maybe', 'keepcurrent=true', 'keepCurrent=true&keepCurrent=true', 'x=1']) {
    const answer = await call('DELETE', `/sessions?${query}`, { token });
    t.match(answer.json(), { statusCode: 400, code: 'FST_ERR_VALIDATION' }, query);
  }
  t.equal(await status(token), 200);
});
