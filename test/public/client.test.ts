import t from 'tap';
import { fakeService, MINUTE, pass, settle } from '../support/fake-service.ts';

const unavailable = (headers = {}) => new Response(null, { status: 503, headers });

t.test('a session nobody uses ends by itself, announced before, and nothing is sent for it', async (t) => {
  const { tab } = fakeService(t);
  const { keeper, sent, heard } = await tab();
  t.equal(keeper.leftMs, 30 * MINUTE);
  await pass(40 * MINUTE);
  t.same(sent, ['0 GET /session']);
  t.same(heard, [`${25 * MINUTE} expiring`, `${30 * MINUTE} ended`]);
});

t.test('while the page is used, the service hears of it every five minutes, and not more often', async (t) => {
  const { tab } = fakeService(t);
  const { keeper, sent, heard } = await tab();
  await pass(59 * MINUTE, () => keeper.use());
  t.equal(sent.length, 1 + 11);
  t.same(new Set(sent.slice(1).map((line) => line.split(' ')[2])), new Set(['/session/heartbeat']));
  t.equal(sent[1], `${5 * MINUTE} POST /session/heartbeat`);
  t.same(heard, []);
});

t.test('one who comes back shortly before the end has the session renewed at once, and only once', async (t) => {
  const { tab } = fakeService(t);
  const { keeper, sent, heard } = await tab();
  await pass(26 * MINUTE);
  keeper.use();
  keeper.use();
  await settle();
  t.same(sent.slice(1), [`${26 * MINUTE} POST /session/renew`]);
  t.same(heard, [`${25 * MINUTE} expiring`, `${26 * MINUTE} renewed`]);
  t.equal(keeper.leftMs, 30 * MINUTE);
  await pass(29 * MINUTE);
  t.equal(sent.length, 2);
});

t.test('a short session in use is renewed when half of it is over', async (t) => {
  const { tab } = fakeService(t, { idleMs: 4 * MINUTE });
  const { keeper, sent } = await tab();
  await pass(7 * MINUTE, () => keeper.use());
  t.same(
    sent.slice(1),
    [2, 4, 6].map((minute) => `${minute * MINUTE} POST /session/renew`),
  );
});

t.test('before an end that nothing puts off, the app is told in time and nothing is sent in vain', async (t) => {
  const { tab } = fakeService(t, { absoluteMs: 40 * MINUTE });
  const { keeper, sent, heard } = await tab();
  const extendable: boolean[] = [];
  keeper.addEventListener('expiring', ({ detail }) => extendable.push(detail.extendable));
  await pass(41 * MINUTE, () => keeper.use());
  t.same(
    sent.slice(1),
    [5, 10].map((minute) => `${minute * MINUTE} POST /session/heartbeat`),
  );
  t.same(heard, [`${35 * MINUTE} expiring`, `${40 * MINUTE} ended`]);
  t.same(extendable, [false]);
});

for (const skewMs of [-24 * 60 * MINUTE, 24 * 60 * MINUTE]) {
  t.test(`a browser whose clock is wrong by ${skewMs / MINUTE} minutes neither ends early nor late`, async (t) => {
    const { tab } = fakeService(t);
    const { keeper, heard } = await tab({ skewMs });
    t.equal(keeper.leftMs, 30 * MINUTE);
    await pass(31 * MINUTE);
    t.same(heard.at(-1), `${30 * MINUTE} ended`);
  });
}

t.test('an answer that proves nothing ends nothing, and is asked for again after growing pauses', async (t) => {
  const { service, tab } = fakeService(t);
  const { keeper, sent, heard } = await tab();
  service.fault = () => unavailable();
  await pass(8 * MINUTE, () => keeper.use());
  const times = sent.slice(1).map((line) => Number.parseInt(line, 10));
  const pauses = times.slice(1).map((time, at) => time - (times[at] as number));
  t.ok(times.length >= 4 && times.length <= 12, `${times.length} attempts in 3 minutes`);
  t.ok((pauses.at(-1) as number) > 5 * (pauses[0] as number), `${pauses}`);
  t.same(heard, []);
  service.fault = () => {
    throw new TypeError('Failed to fetch');
  };
  await pass(4 * MINUTE);
  t.same(heard, [], 'nor does no answer at all');
  service.fault = undefined;
  await pass(2 * MINUTE);
  t.ok((keeper.leftMs as number) > 27 * MINUTE, 'and then it goes on, for the use there was');
});

t.test('Retry-After is waited for', async (t) => {
  const { service, tab } = fakeService(t);
  const { keeper, sent } = await tab();
  service.fault = () => unavailable({ 'retry-after': '120' });
  await pass(9 * MINUTE, () => keeper.use());
  t.same(
    sent.slice(1),
    [5, 7, 9].map((minute) => `${minute * MINUTE} POST /session/heartbeat`),
  );
});

t.test('a service that stays away is warned of, and the session ends at its time', async (t) => {
  const { service, tab } = fakeService(t);
  const { keeper, heard } = await tab();
  service.fault = () => unavailable();
  await pass(31 * MINUTE, () => keeper.use());
  t.same(heard, [`${25 * MINUTE} expiring`, `${30 * MINUTE} ended`]);
});

t.test('a start that fails is tried again', async (t) => {
  const { service, tab } = fakeService(t);
  service.fault = () => Response.json({ from: 'a portal that wants money first' });
  const { keeper, heard } = await tab();
  t.equal(keeper.leftMs, undefined);
  service.fault = undefined;
  await pass(2000);
  t.ok((keeper.leftMs as number) > 29 * MINUTE);
  t.same(heard, []);
});

t.test('a session that is no more has ended, once, and nothing is sent after that', async (t) => {
  const { service, tab } = fakeService(t);
  const { keeper, sent, heard } = await tab();
  service.revoked = true;
  await pass(20 * MINUTE, () => keeper.use());
  keeper.end();
  t.same(sent.slice(1), [`${5 * MINUTE} POST /session/heartbeat`]);
  t.same(heard, [`${5 * MINUTE} ended`]);
  t.same((await tab()).heard, [`${20 * MINUTE} ended`], 'nor is there one for a page that starts then');
});

t.test('another session under the same cookie is not taken for this one', async (t) => {
  const { service, tab } = fakeService(t, { idleMs: 4 * MINUTE });
  const { keeper, heard } = await tab();
  service.sessionId = 'two';
  await pass(2 * MINUTE, () => keeper.use());
  t.same(heard, [`${2 * MINUTE} ended`]);
});

t.test('answers that the app got itself are learnt from', async (t) => {
  const { service, answer, tab } = fakeService(t);
  const { keeper, sent, heard } = await tab();
  await pass(4 * MINUTE, () => keeper.use());
  const own = answer('/sessions');
  t.equal(keeper.observe(own), own, 'and handed back');
  t.equal(keeper.leftMs, 30 * MINUTE);
  await pass(4 * MINUTE, () => keeper.use());
  t.equal(sent.length, 1, 'they spare heartbeats');
  keeper.observe(new Response('of another service'));
  keeper.observe(new Response(null, { status: 401 }));
  await settle();
  t.same(sent.slice(1), [`${8 * MINUTE} GET /session`], 'a 401 may have other reasons: the service is asked');
  t.same(heard, []);
  service.revoked = true;
  keeper.observe(new Response(null, { status: 401 }));
  await settle();
  t.same(heard, [`${8 * MINUTE} ended`]);
});

t.test('an answer that knows less does not bring the end nearer', async (t) => {
  const { tab } = fakeService(t);
  const { keeper } = await tab();
  const inTenMinutes = new Date(Date.now() + 10 * MINUTE).toISOString();
  const date = new Date().toUTCString();
  keeper.observe(new Response(null, { headers: { date, 'x-session-expire': inTenMinutes } }));
  t.equal(keeper.leftMs, 30 * MINUTE);
});

t.test('one that is stopped sends nothing and hears nothing', async (t) => {
  const { tab } = fakeService(t);
  const { keeper, sent, heard } = await tab();
  keeper.stop();
  keeper.use();
  keeper.end();
  await pass(31 * MINUTE);
  t.same(sent, ['0 GET /session']);
  t.same(heard, []);
});
