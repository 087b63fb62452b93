import t from 'tap';
import { cookieToken } from '../../../support/build.ts';
import { sumOf } from '../../../support/metrics.ts';
import { type World, worlds } from '../../../support/worlds.ts';

const inEveryWorld = await worlds(t);
const SECOND = 1000;
const NO_SESSION = {
  statusCode: 401,
  code: 'NO_SESSION',
  error: 'Unauthorized',
  message: 'There is no such session.',
};
const renew = ({ call }: World, token: string) => call('POST', '/session/renew', { token });

inEveryWorld(
  'within the grace the old token is good, and always answered with the same successor',
  async (t, world) => {
    const { login, status, elapse } = world;
    const { token } = await login('ann');
    const successor = cookieToken(await renew(world, token));
    for (let i = 0; i < 3; i += 1) {
      await elapse(3 * SECOND);
      t.equal(await status(token), 200);
      const again = await renew(world, token);
      t.equal(again.statusCode, 200, 'an answer that was lost can be asked for again');
      t.equal(cookieToken(again), successor, 'to the byte');
      t.equal(await status(successor), 200);
    }
    t.same(await sumOf(world.pods, 'session_renewed_total'), { '': 1 });
    t.same(await sumOf(world.pods, 'session_reuse_detected_total'), { '': 0 });
    await elapse(2 * SECOND);
    t.equal(await status(successor), 200, 'after the grace the successor goes on');
  },
);

/** Ways to come with a token whose grace is over. */
const ways: [string, (world: World, token: string) => ReturnType<World['call']>][] = [
  ['GET /session', ({ call }, token) => call('GET', '/session', { token })],
  ['GET /verify', ({ call }, token) => call('GET', '/verify', { token })],
  ['POST /session/renew', renew],
  ['PATCH /session', ({ call }, token) => call('PATCH', '/session', { token, payload: { metadata: { a: 1 } } })],
  ['DELETE /sessions', ({ call }, token) => call('DELETE', '/sessions', { token })],
];

for (const [way, come] of ways) {
  inEveryWorld(`${way} after the grace ends the session for the old token and for the new`, async (t, world) => {
    const { login, status, elapse, lines, pods } = world;
    const other = await login('ann');
    const { token, sessionId } = await login('ann');
    const successor = cookieToken(await renew(world, token));
    await elapse(11 * SECOND);
    t.equal(await status(successor), 200);
    const answer = await come(world, token);
    t.same(answer.json(), NO_SESSION, 'the answer is that of every unknown token');
    t.match(answer.headers['set-cookie'], /^__Host-sid=; Max-Age=0;/);
    t.equal(await status(successor), 401, 'whoever has the successor is out too');
    t.equal(await status(token), 401);
    t.equal(await status(other.token), 200, 'the user’s other sessions live on');

    t.same(await sumOf(pods, 'session_reuse_detected_total'), { '': 1 }, 'counted once');
    t.same(await sumOf(pods, 'session_revoked_total'), { '{reason="reuse"}': 1 });
    const warnings = lines().filter((line) => line.includes('used again'));
    t.equal(warnings.length, 1);
    t.match(JSON.parse(warnings[0] as string), {
      level: 'warn',
      event: { type: 'reuse', sessionId, userId: 'ann' },
    });
    for (const secret of [token, successor])
      t.notOk(
        lines()
          .join('')
          .includes(secret.split('.')[2] as string),
      );
  });
}

inEveryWorld('a token of two generations ago is a replay as well', async (t, world) => {
  const { login, status, elapse, pods } = world;
  const { token } = await login('ann');
  const second = cookieToken(await renew(world, token));
  await elapse(11 * SECOND);
  const third = cookieToken(await renew(world, second));
  t.equal(await status(second), 200, 'in its grace');
  t.equal(await status(token), 401);
  t.equal(await status(second), 401);
  t.equal(await status(third), 401);
  t.same(await sumOf(pods, 'session_reuse_detected_total'), { '': 1 });
});

inEveryWorld('a tab that is late by two renewals within one grace is no thief', async (t, world) => {
  const { login, status, pods } = world;
  const { token } = await login('ann');
  const second = cookieToken(await renew(world, token));
  const third = cookieToken(await renew(world, second));
  for (const late of [token, second]) {
    t.equal(await status(late), 200);
    t.equal(cookieToken(await renew(world, late)), third);
  }
  t.same(await sumOf(pods, 'session_renewed_total'), { '': 2 });
});

inEveryWorld('a thief who renews first is found out when the owner comes, and neither is in', async (t, world) => {
  const { call, login, status, elapse } = world;
  const { token } = await login('ann', { headers: { 'user-agent': 'owner' } });
  const headers = { 'user-agent': 'thief' };
  const stolen = cookieToken(await call('POST', '/session/renew', { token, headers }));
  await elapse(60 * SECOND);
  t.equal(await status(stolen), 200);
  t.equal((await call('GET', '/session', { token })).statusCode, 401);
  t.equal(await status(stolen), 401);
});

inEveryWorld('a thief who never stops renewing is found out all the same', async (t, world) => {
  const { login, status, elapse } = world;
  const { token } = await login('ann');
  let stolen = token;
  for (let i = 0; i < 10; i += 1) {
    stolen = cookieToken(await renew(world, stolen));
    await elapse(9 * SECOND);
  }
  t.equal(await status(token), 401);
  t.equal(await status(stolen), 401);
});

inEveryWorld(
  'RENEW_GRACE_SECONDS=0: the old token ends with the renewal, and to use it again ends the session',
  async (t, world) => {
    const { login, status, pods } = world;
    const { token } = await login('ann');
    const successor = cookieToken(await renew(world, token));
    t.equal(await status(successor), 200);
    const next = cookieToken(await renew(world, successor));
    t.equal(await status(next), 200, 'renewals in their turn go on');
    t.equal(await status(successor), 401);
    t.equal(await status(next), 401);
    t.same(await sumOf(pods, 'session_reuse_detected_total'), { '': 1 });
  },
  { RENEW_GRACE_SECONDS: '0' },
);
