// Renewals that race and log people out, or let a thief stay: supabase/auth-js#213, keycloak/keycloak#46054.
import t from 'tap';
import { cookieToken, withCookie } from '../support/build.ts';
import { everywhere, type Fleet, times } from '../support/fleets.ts';
import { sumOf } from '../support/metrics.ts';

const onEveryStore = await everywhere(t);
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const renew = ({ call }: Fleet, token: string) =>
  patiently(() => call('POST', '/session/renew', { headers: withCookie(token) }));

/** Sends a request that may be repeated, and repeats it while the answer is 503: a busy machine keeps no deadline. */
async function patiently(send: () => ReturnType<Fleet['call']>): ReturnType<Fleet['call']> {
  let answer = await send();
  for (let tries = 1; answer.statusCode === 503 && tries < 20; tries += 1) answer = await send();
  return answer;
}

onEveryStore('100 parallel renewals of one token have one successor', async (t, fleet) => {
  const { token, session } = await fleet.start('ann');
  // The first of a script is the slowest, on each pod.
  for (const _pod of fleet.pods) await renew(fleet, (await fleet.start('bob')).token);
  const before = (await sumOf(fleet.pods, 'session_renewed_total'))[''] as number;
  const answers = await times(100, () => renew(fleet, token));
  t.same(new Set(answers.map(({ statusCode }) => statusCode)), new Set([200]));
  const successors = new Set(answers.map(cookieToken));
  t.equal(successors.size, 1);
  const [successor] = [...successors] as [string];
  t.match(successor, new RegExp(`^${session.sessionId}\\.2\\.`));
  t.ok(await fleet.isLive(successor));
  t.same(await sumOf(fleet.pods, 'session_renewed_total'), { '': before + 1 }, 'counted once over all pods');
  t.same(await sumOf(fleet.pods, 'session_reuse_detected_total'), { '': 0 });
});

onEveryStore('renewals under way disturb no request with the old token', async (t, fleet) => {
  const { token } = await fleet.start('ann');
  const headers = bearer(token);
  const requests = [
    () => renew(fleet, token),
    () => fleet.call('GET', '/session', { headers }),
    () => fleet.call('GET', '/verify', { headers }),
    () => fleet.call('POST', '/session/heartbeat', { headers }),
    () => fleet.call('PATCH', '/session', { headers, payload: { metadata: { n: 1 } } }),
  ];
  const answers = await times(50, (i) => patiently(requests[i % requests.length] as (typeof requests)[number]));
  t.same(
    answers.filter(({ statusCode }) => statusCode >= 300).map(({ body }) => body),
    [],
  );
});

onEveryStore('tabs that renew whatever token they have all stay in', async (t, fleet) => {
  const { token } = await fleet.start('ann');
  let latest = token;
  for (let round = 0; round < 5; round += 1) {
    const tokens = [token, latest, latest, token];
    const answers = await Promise.all(tokens.map((held) => renew(fleet, held)));
    t.same(new Set(answers.map(({ statusCode }) => statusCode)), new Set([200]));
    latest = cookieToken(await renew(fleet, token));
    t.ok(await fleet.isLive(latest));
  }
});

onEveryStore('20 parallel renewals by a service have one successor', async (t, fleet) => {
  const { token, session } = await fleet.start('ann');
  const url = `/v1/sessions/${session.sessionId}/renew`;
  const answers = await times(20, () => patiently(() => fleet.service('POST', url)));
  t.same(new Set(answers.map(({ statusCode }) => statusCode)), new Set([200]));
  const successors = new Set(answers.map((answer) => answer.json().token as string));
  t.equal(successors.size, 1);
  for (const held of [token, ...successors]) t.ok(await fleet.isLive(held), 'both are good in the grace');
  t.same(await sumOf(fleet.pods, 'session_renewed_total'), { '': 1 });
});

onEveryStore('a service that renews what is not there is told so', async (t, fleet) => {
  const { token, session } = await fleet.start('ann');
  await fleet.service('DELETE', `/v1/sessions/${session.sessionId}`);
  for (const sessionId of [session.sessionId, 'unknown', `${session.sessionId}x`, encodeURIComponent(token)]) {
    const answer = await fleet.service('POST', `/v1/sessions/${sessionId}/renew`);
    t.match(answer.json(), { statusCode: 404, code: 'SESSION_NOT_FOUND' });
  }
  const keyless = await fleet.call('POST', `/v1/sessions/${session.sessionId}/renew`);
  t.match(keyless.json(), { statusCode: 401, code: 'SERVICE_KEY_REQUIRED' });
});

onEveryStore(
  'however many come with a replayed token, it is found once, and the user’s other sessions live on',
  async (t, fleet) => {
    const [stolen, other] = [await fleet.start('ann'), await fleet.start('ann')];
    const successor = cookieToken(await renew(fleet, stolen.token));
    const answers = await times(20, (i) =>
      i % 2 === 0
        ? renew(fleet, stolen.token)
        : patiently(() => fleet.call('GET', '/session', { headers: bearer(stolen.token) })),
    );
    t.same(new Set(answers.map(({ statusCode }) => statusCode)), new Set([401]));
    t.notOk(await fleet.isLive(successor));
    t.ok(await fleet.isLive(other.token));
    t.same(await sumOf(fleet.pods, 'session_reuse_detected_total'), { '': 1 });
    t.same(await sumOf(fleet.pods, 'session_revoked_total'), { '{reason="reuse"}': 1 });
    const { sessions } = (await fleet.service('GET', '/v1/users/ann/sessions')).json();
    t.same(
      sessions.map(({ sessionId }: { sessionId: string }) => sessionId),
      [other.session.sessionId],
    );
    t.match((await fleet.service('GET', '/v1/stats')).json(), { active: 1 });
  },
  { RENEW_GRACE_SECONDS: '0' },
);

onEveryStore('renewals in flight do not bring back a session that has ended', async (t, fleet) => {
  const { token, session } = await fleet.start('ann');
  const [answers] = await Promise.all([
    times(40, () => renew(fleet, token)),
    fleet.service('DELETE', `/v1/sessions/${session.sessionId}`),
  ]);
  const others = answers.filter(({ statusCode }) => statusCode !== 200 && statusCode !== 401);
  t.same(
    others.map(({ body }) => body),
    [],
  );
  const renewed = new Set(answers.filter(({ statusCode }) => statusCode === 200).map(cookieToken));
  for (const held of [token, ...renewed]) if (await fleet.isLive(held)) t.fail('it is live again');
  t.match((await fleet.service('GET', '/v1/stats')).json(), { active: 0 });
});
