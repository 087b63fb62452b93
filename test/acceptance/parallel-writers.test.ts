// Lost updates: expressjs/session#309, laravel/framework#5416, aspnet/Session#60 and many more.
import t from 'tap';
import { everywhere, times } from '../support/fleets.ts';

const onEveryStore = await everywhere(t);

onEveryStore('50 parallel writers of different keys: all 50 are there, and the version is 51', async (t, fleet) => {
  const { session } = await fleet.start('ann');
  const url = `/v1/sessions/${session.sessionId}`;
  const answers = await times(50, (i) => fleet.service('PATCH', url, { payload: { metadata: { [`key${i}`]: i } } }));
  t.ok(answers.every(({ statusCode }) => statusCode === 200));
  const { version, metadata } = (await fleet.service('GET', url)).json();
  t.equal(version, 51);
  t.same(metadata, Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`key${i}`, i])));
});

onEveryStore('40 parallel increments: exactly 40', async (t, fleet) => {
  const { session } = await fleet.start('ann');
  const url = `/v1/sessions/${session.sessionId}`;
  await times(40, () => fleet.service('PATCH', url, { payload: { increment: { visits: 1 } } }));
  t.match((await fleet.service('GET', url)).json(), { version: 41, metadata: { visits: 40 } });
});

onEveryStore('ten writers with the same If-Match: one 200, nine 412', async (t, fleet) => {
  const { session } = await fleet.start('ann');
  const url = `/v1/sessions/${session.sessionId}`;
  const answers = await times(10, (i) =>
    fleet.service('PATCH', url, { headers: { 'if-match': '"1"' }, payload: { metadata: { writer: i } } }),
  );
  const codes = answers.map(({ statusCode }) => statusCode).sort();
  t.same(codes, [200, ...Array.from({ length: 9 }, () => 412)]);
  const winner = answers.findIndex(({ statusCode }) => statusCode === 200);
  t.match((await fleet.service('GET', url)).json(), { version: 2, metadata: { writer: winner } });
});

onEveryStore('values come back as they were sent, whatever is written beside them', async (t, fleet) => {
  const metadata = {
    list: [],
    object: {},
    nested: { a: [null, { b: null }] },
    big: 9007199254740991,
    fraction: 0.1,
    text: 'ü 漢 🎉 \u0000 \ud800 / \\/ "',
  };
  const { session, token } = await fleet.start('ann', { metadata });
  const url = `/v1/sessions/${session.sessionId}`;
  await times(5, (i) => fleet.service('PATCH', url, { payload: { increment: { n: 1 }, metadata: { [i]: [i] } } }));
  const { body } = await fleet.service('GET', url);
  for (const [key, value] of Object.entries(metadata)) {
    t.ok(body.includes(`${JSON.stringify(key)}:${JSON.stringify(value)}`), `${key}, to the letter`);
  }
  const own = await fleet.call('GET', '/session', { headers: { authorization: `Bearer ${token}` } });
  t.strictSame(own.json().metadata, JSON.parse(body).metadata, 'and the same to the user');
});
