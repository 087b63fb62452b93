import t from 'tap';
import { type World, worlds } from '../../support/worlds.ts';

const inEveryWorld = await worlds(t);
const SECOND = 1000;
const KEY = 'a-service-key-of-the-tests-0123456789';
const SERVICE_KEYS = `tests:${KEY}`;
const start = ({ call }: World, payload: object) =>
  call('POST', '/v1/sessions', { headers: { authorization: `Bearer ${KEY}` }, payload: { userId: 'ann', ...payload } });

inEveryWorld(
  'a session may have a shorter idle timeout of its own',
  async (t, world) => {
    const { session, token } = (await start(world, { idleSeconds: 100 })).json();
    t.equal(session.expiresAt, session.createdAt + 100 * SECOND);
    t.equal(session.absoluteExpiresAt, session.createdAt + 86_400 * SECOND, 'the absolute one is as configured');
    for (let i = 0; i < 3; i += 1) {
      await world.elapse(90 * SECOND);
      t.equal(await world.status(token), 200, 'activity moves it');
    }
    await world.elapse(101 * SECOND);
    t.equal(await world.status(token), 401);
  },
  { SERVICE_KEYS },
);

inEveryWorld(
  'a session may have a shorter absolute timeout of its own',
  async (t, world) => {
    const { session, token } = (await start(world, { absoluteSeconds: 200 })).json();
    t.equal(session.expiresAt, session.createdAt + 200 * SECOND);
    t.equal(session.absoluteExpiresAt, session.expiresAt);
    await world.elapse(150 * SECOND);
    t.equal(await world.status(token), 200);
    await world.elapse(51 * SECOND);
    t.equal(await world.status(token), 401, 'activity does not move it');
  },
  { SERVICE_KEYS },
);

inEveryWorld(
  'no session may have longer timeouts than the configured ones',
  async (t, world) => {
    for (const [payload, status] of [
      [{ idleSeconds: 1800, absoluteSeconds: 3600 }, 201],
      [{ idleSeconds: 1, absoluteSeconds: 1 }, 201],
      [{ idleSeconds: 1801 }, 400],
      [{ absoluteSeconds: 3601 }, 400],
      [{ idleSeconds: 0 }, 400],
      [{ absoluteSeconds: -1 }, 400],
      [{ idleSeconds: 1.5 }, 400],
      [{ idleSeconds: '60' }, 400],
      [{ absoluteSeconds: null }, 400],
    ] as const) {
      const answer = await start(world, payload);
      t.equal(answer.statusCode, status, JSON.stringify(payload));
      if (status === 400) t.match(answer.json(), { code: 'FST_ERR_VALIDATION' });
    }
  },
  { SERVICE_KEYS, SESSION_ABSOLUTE_SECONDS: '3600' },
);

for (const [SESSION_PROFILE, idle, absolute] of [
  ['aal1', 2_592_000, 2_592_000],
  ['aal2', 3600, 86_400],
  ['aal3', 900, 43_200],
] as const) {
  inEveryWorld(
    `the timeouts of ${SESSION_PROFILE} hold for logins and for services`,
    async (t, world) => {
      const { token, response } = await world.login('ann');
      const session = response.json();
      t.equal(session.expiresAt - session.createdAt, idle * SECOND);
      t.equal(session.absoluteExpiresAt - session.createdAt, absolute * SECOND);
      t.equal((await start(world, { idleSeconds: idle, absoluteSeconds: absolute })).statusCode, 201);
      t.equal((await start(world, { idleSeconds: idle + 1 })).statusCode, 400);
      t.equal((await start(world, { absoluteSeconds: absolute + 1 })).statusCode, 400);
      await world.elapse((idle - 5) * SECOND);
      t.equal(await world.status(token), 200);
      await world.elapse((idle + 5) * SECOND);
      t.equal(await world.status(token), 401);
    },
    { SERVICE_KEYS, SESSION_PROFILE },
  );
}
