// Locks that stall pages: colinmollenhour/Cm_RedisSession#35, Azure/aspnet-redis-providers#21. Here only who asks waits.
import t from 'tap';
import { everywhere, times } from '../support/fleets.ts';

const onEveryStore = await everywhere(t);

onEveryStore('20 parallel lock requests: one holder, and the fence grows over takeovers', async (t, fleet) => {
  const { session } = await fleet.start('ann');
  const url = `/v1/sessions/${session.sessionId}/lock`;
  let fence = 0;
  for (let round = 0; round < 3; round += 1) {
    const answers = await times(20, () => fleet.service('PUT', url, { payload: { ttlMs: 5000 } }));
    const [held, ...more] = answers.filter(({ statusCode }) => statusCode === 200);
    t.equal(more.length, 0);
    t.equal(answers.filter((answer) => answer.json().code === 'SESSION_LOCKED').length, 19);
    t.ok(held?.json().fence > fence);
    fence = held?.json().fence;
    const headers = { 'x-lock-token': held?.json().lockToken };
    t.equal((await fleet.service('DELETE', url, { headers })).statusCode, 204);
    t.match((await fleet.service('DELETE', url, { headers })).json(), { statusCode: 409, code: 'LOCK_NOT_HELD' });
  }
});

onEveryStore('who waits gets the lock when the holder is done, one after the other', async (t, fleet) => {
  const { session } = await fleet.start('ann');
  const url = `/v1/sessions/${session.sessionId}`;
  let inside = 0;
  const fences: number[] = [];
  await times(6, async () => {
    const lock = await fleet.service('PUT', `${url}/lock`, { payload: { ttlMs: 5000, waitMs: 10_000 } });
    t.equal(lock.statusCode, 200);
    inside += 1;
    t.equal(inside, 1, 'nobody else is in');
    const headers = { 'x-lock-token': lock.json().lockToken };
    const { visits = 0 } = (await fleet.service('GET', url)).json().metadata;
    await fleet.service('PATCH', url, { headers, payload: { metadata: { visits: visits + 1 } } });
    fences.push(lock.json().fence);
    inside -= 1;
    await fleet.service('DELETE', `${url}/lock`, { headers });
  });
  t.match((await fleet.service('GET', url)).json().metadata, { visits: 6 });
  t.same(
    fences,
    fences.toSorted((a, b) => a - b),
  );
  t.equal(new Set(fences).size, 6);
});

onEveryStore('while it is held a PATCH needs its token, and nothing else does', async (t, fleet) => {
  const { session, token } = await fleet.start('ann');
  const url = `/v1/sessions/${session.sessionId}`;
  const payload = { increment: { n: 1 } };
  const { lockToken } = (await fleet.service('PUT', `${url}/lock`, { payload: { ttlMs: 30_000 } })).json();
  t.match((await fleet.service('PATCH', url, { payload })).json(), { statusCode: 423, code: 'SESSION_LOCKED' });
  const wrong = { 'x-lock-token': 'wrong' };
  t.equal((await fleet.service('PATCH', url, { payload, headers: wrong })).statusCode, 423);
  t.equal((await fleet.service('PATCH', url, { payload, headers: { 'x-lock-token': lockToken } })).statusCode, 200);
  const own = { authorization: `Bearer ${token}` };
  t.equal((await fleet.call('PATCH', '/session', { payload, headers: own })).statusCode, 423, 'the user’s page too');
  t.equal((await fleet.call('GET', '/session', { headers: own })).statusCode, 200);
  t.equal((await fleet.service('DELETE', url)).statusCode, 204);
  t.equal((await fleet.service('PUT', `${url}/lock`)).json().code, 'SESSION_NOT_FOUND');
});

onEveryStore('a lease that ran out is nobody’s, and its late holder is refused', async (t, fleet) => {
  const { session } = await fleet.start('ann');
  const url = `/v1/sessions/${session.sessionId}`;
  const { lockToken } = (await fleet.service('PUT', `${url}/lock`, { payload: { ttlMs: 20 } })).json();
  const next = await fleet.service('PUT', `${url}/lock`, { payload: { ttlMs: 20, waitMs: 5000 } });
  t.equal(next.statusCode, 200, 'who waited has it');
  const late = { headers: { 'x-lock-token': lockToken }, payload: { increment: { n: 1 } } };
  t.ok([423, 409].includes((await fleet.service('PATCH', url, late)).statusCode));
  t.match((await fleet.service('GET', url)).json(), { version: 1 });
});

onEveryStore('what has not the form of a session’s name can not be locked, and is not asked for', async (t, fleet) => {
  for (const name of ['x', 'zz'.padEnd(29, 'a'), '%7D%7D', '%7B%7D', '%00', 'x'.repeat(1000)]) {
    const url = `/v1/sessions/${name}/lock`;
    t.match((await fleet.service('PUT', url)).json(), { statusCode: 404, code: 'SESSION_NOT_FOUND' }, name);
    const headers = { 'x-lock-token': 'x' };
    t.match((await fleet.service('DELETE', url, { headers })).json(), { statusCode: 409, code: 'LOCK_NOT_HELD' }, name);
  }
});
