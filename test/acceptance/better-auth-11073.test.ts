// better-auth/better-auth#11073: an index of sessions that drifts from the sessions. A to D are its four cases.
import t from 'tap';
import { everywhere, times } from '../support/fleets.ts';

const onEveryStore = await everywhere(t);

onEveryStore('A: sessions started in parallel are all listed, and all revoked', async (t, fleet) => {
  const started = await times(30, () => fleet.start('ann'));
  const { sessions } = (await fleet.service('GET', '/v1/users/ann/sessions')).json();
  t.same(idsOf(sessions), started.map(({ session }) => session.sessionId).sort());
  t.same((await fleet.service('DELETE', '/v1/users/ann/sessions')).json(), { revoked: 30 });
  for (const { token } of started) t.notOk(await fleet.isLive(token));
  t.same((await fleet.service('GET', '/v1/users/ann/sessions')).json(), { sessions: [], nextCursor: null });
});

onEveryStore('B: a revocation of all never succeeds while doing nothing', async (t, fleet) => {
  const started = await times(10, () => fleet.start('ann'));
  const kept = started[3]?.session.sessionId;
  const revocations = await times(5, () => fleet.service('DELETE', `/v1/users/ann/sessions?except=${kept}`));
  t.equal(
    revocations.reduce((sum, answer) => sum + answer.json().revoked, 0),
    9,
    'each is counted once, whoever revoked it',
  );
  for (const { token, session } of started) t.equal(await fleet.isLive(token), session.sessionId === kept);
});

onEveryStore('C: writes in flight never bring a revoked session back', async (t, fleet) => {
  const { session, token } = await fleet.start('ann');
  const url = `/v1/sessions/${session.sessionId}`;
  const write = (i: number) => fleet.service('PATCH', url, { payload: { metadata: { [`k${i % 50}`]: i } } });
  const see = () => fleet.call('POST', '/session/heartbeat', { headers: { authorization: `Bearer ${token}` } });
  const [codes] = await Promise.all([
    times(60, async (i) => (i % 2 === 0 ? write(i) : see()).then(({ statusCode }) => statusCode)),
    fleet.service('DELETE', '/v1/users/ann/sessions'),
  ]);
  t.ok(codes.every((code) => [200, 204, 401, 404].includes(code)));
  t.notOk(await fleet.isLive(token));
  t.equal((await fleet.service('GET', url)).statusCode, 404);
  t.same((await fleet.service('GET', '/v1/users/ann/sessions')).json().sessions, []);
});

onEveryStore('D: a login that races a revocation of all is either dead or listed', async (t, fleet) => {
  const race = await times(40, (i) =>
    i % 4 === 3 ? fleet.service('DELETE', '/v1/users/ann/sessions').then(() => undefined) : fleet.start('ann'),
  );
  const started = race.filter((entry) => entry !== undefined);
  const { sessions } = (await fleet.service('GET', '/v1/users/ann/sessions')).json();
  const live = await Promise.all(
    started.map(async ({ token, session }) => ((await fleet.isLive(token)) ? session.sessionId : '')),
  );
  t.same(live.filter((sessionId) => sessionId !== '').sort(), idsOf(sessions));
  t.same((await fleet.service('DELETE', '/v1/users/ann/sessions')).json(), { revoked: sessions.length });
  for (const { token } of started) t.notOk(await fleet.isLive(token));
});

function idsOf(sessions: readonly { readonly sessionId: string }[]): string[] {
  return sessions.map(({ sessionId }) => sessionId).sort();
}
