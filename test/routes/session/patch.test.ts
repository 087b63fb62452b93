import t from 'tap';
import { type World, worlds } from '../../support/worlds.ts';

const inEveryWorld = await worlds(t);

/** A session with some metadata, version 1, and a way to change it. */
async function start({ call, login }: World, metadata: object = { a: 1, b: { c: 1, d: 2 }, n: 40, text: '40' }) {
  const { token, sessionId } = await login('ann', { form: { metadata } });
  const patch = (payload: object, ifMatch?: string) =>
    call('PATCH', '/session', { token, payload, headers: ifMatch === undefined ? {} : { 'if-match': ifMatch } });
  const read = async () => (await call('GET', '/session', { token })).json();
  return { token, sessionId, patch, read };
}

inEveryWorld('keys are set, deleted by null, replaced whole; all others stay', async (t, world) => {
  const { patch, read } = await start(world);
  const answer = await patch({ metadata: { a: null, b: { e: [] }, fresh: true, unknown: null } });
  t.equal(answer.statusCode, 200);
  t.match(answer.json(), { version: 2 });
  t.strictSame(answer.json().metadata, { b: { e: [] }, n: 40, text: '40', fresh: true });
  t.equal(answer.headers.etag, '"2"');
  t.ok(answer.headers['x-session-expire']);
  t.notOk(answer.headers['set-cookie']);
  t.same(await read(), answer.json());
});

inEveryWorld('keys are incremented, absent ones from zero', async (t, world) => {
  const { patch } = await start(world);
  const answer = await patch({ increment: { n: 2, fresh: -3 }, metadata: { a: 'x' } });
  t.match(answer.json(), { version: 2, metadata: { n: 42, fresh: -3, a: 'x' } });
});

inEveryWorld('a change that names nothing changes nothing, not even the version', async (t, world) => {
  const { patch } = await start(world);
  for (const payload of [{}, { metadata: {} }, { increment: {} }]) {
    t.match((await patch(payload)).json(), { version: 1 });
  }
  t.equal((await patch({}, '"2"')).statusCode, 412);
});

const holds: [ifMatch: string, status: 200 | 400 | 412][] = [
  ['"1"', 200],
  ['*', 200],
  ['"7", "1"', 200],
  ['"7","1","8"', 200],
  ['  "1"  ', 200],
  ['"2"', 412],
  ['"7", "8"', 412],
  ['W/"1"', 412],
  ['W/"1", "9"', 412],
  ['W/"7", "1"', 200],
  ['"x"', 412],
  ['"01"', 412],
  ['""', 412],
  ['"99999999999999999999"', 412],
  ['1', 400],
  ['"1', 400],
  ['"1" "2"', 400],
  ['*, "1"', 400],
  ['', 400],
];

inEveryWorld('If-Match decides whether the change is made', async (t, world) => {
  for (const [ifMatch, status] of holds) {
    const { patch, read } = await start(world);
    const answer = await patch({ metadata: { fresh: 1 } }, ifMatch);
    t.equal(answer.statusCode, status, ifMatch);
    t.equal((await read()).version, status === 200 ? 2 : 1, 'and nothing changed where it does not hold');
    if (status === 412) t.match(answer.json(), { code: 'VERSION_CONFLICT', error: 'Precondition Failed' });
  }
});

inEveryWorld('what is refused changes nothing', async (t, world) => {
  const { patch, read, token } = await start(world);
  const before = await read();
  const refused: [payload: object, status: number, code: string][] = [
    [{ metadata: { big: 'x'.repeat(4096) } }, 413, 'METADATA_TOO_LARGE'],
    [{ metadata: Object.fromEntries(Array.from({ length: 61 }, (_, i) => [`k${i}`, 1])) }, 413, 'METADATA_TOO_LARGE'],
    [{ metadata: { big: 'ü'.repeat(2040) } }, 413, 'METADATA_TOO_LARGE'],
    [{ increment: { text: 1 } }, 409, 'INCREMENT_NOT_INTEGER'],
    [{ increment: { b: 1 } }, 409, 'INCREMENT_NOT_INTEGER'],
    [{ increment: { n: Number.MAX_SAFE_INTEGER } }, 409, 'INCREMENT_NOT_INTEGER'],
    [{ increment: { n: 1.5 } }, 400, 'FST_ERR_VALIDATION'],
    [{ increment: { n: '1' } }, 400, 'FST_ERR_VALIDATION'],
    [{ increment: { n: 2 ** 53 } }, 400, 'FST_ERR_VALIDATION'],
    [{ increment: { n: null } }, 400, 'FST_ERR_VALIDATION'],
    [{ metadata: { n: 1 }, increment: { n: 1 } }, 400, 'FST_ERR_VALIDATION'],
    [{ metadata: { n: null }, increment: { n: 1 } }, 400, 'FST_ERR_VALIDATION'],
    [{ metadata: [1] }, 400, 'FST_ERR_VALIDATION'],
    [{ metadata: null }, 400, 'FST_ERR_VALIDATION'],
    [{ metadata: 'a' }, 400, 'FST_ERR_VALIDATION'],
    [{ metadata: {}, userId: 'bob' }, 400, 'FST_ERR_VALIDATION'],
    [{ a: 2 }, 400, 'FST_ERR_VALIDATION'],
    [[], 400, 'FST_ERR_VALIDATION'],
  ];
  for (const [payload, status, code] of refused) {
    const name = JSON.stringify(payload).slice(0, 60);
    t.match((await patch(payload)).json(), { statusCode: status, code, error: String, message: String }, name);
  }
  t.equal((await world.call('PATCH', '/session', { token })).statusCode, 400, 'no body at all');
  t.same(await read(), before);
});

inEveryWorld('whatever a key is called, it comes back, and its step is checked', async (t, world) => {
  for (const key of ['', ' ', '\n', 'a\nb', '\u2028', '\u0000', '"', '\\', '😀', '\ud800', 'toString', '1']) {
    const { patch, read } = await start(world, { [key]: 1 });
    const name = encodeURI(`"${key.toWellFormed()}"`);
    for (const step of ['1', 1.5, {}, null]) {
      const answer = await patch({ increment: { [key]: step } });
      t.match(answer.json(), { statusCode: 400, code: 'FST_ERR_VALIDATION' }, `${name} by ${step}`);
    }
    t.strictSame((await patch({ increment: { [key]: 1 } })).json().metadata, { [key]: 2 }, name);
    t.strictSame((await read()).metadata, { [key]: 2 }, name);
  }
});

inEveryWorld('null is not a number to increment', async (t, world) => {
  const { patch } = await start(world, { n: null });
  t.match((await patch({ increment: { n: 1 } })).json(), { statusCode: 409, code: 'INCREMENT_NOT_INTEGER' });
});

inEveryWorld('metadata nested deeper than can be written down is too large', async (t, world) => {
  const { call, login } = world;
  const { token } = await login('ann');
  const json = { 'content-type': 'application/json' };
  const nested = (depth: number) => `{"deep":${'['.repeat(depth)}${']'.repeat(depth)}}`;
  const patch = (depth: number) =>
    call('PATCH', '/session', { token, headers: json, payload: `{"metadata":${nested(depth)}}` });
  t.match((await patch(16_000)).json(), { statusCode: 413, code: 'METADATA_TOO_LARGE' });
  const form = `{"username":"ann","password":"ann-password","metadata":${nested(16_000)}}`;
  const answer = await call('POST', '/login', { headers: json, payload: form });
  t.match(answer.json(), { statusCode: 413, code: 'METADATA_TOO_LARGE' });
  t.equal((await patch(2000)).statusCode, 200, 'what fits is no matter of depth');
});

inEveryWorld('parallel changes over all pods lose nothing', async (t, world) => {
  const { patch, read } = await start(world, {});
  await Promise.all(Array.from({ length: 40 }, (_, i) => patch({ metadata: { [`k${i}`]: i }, increment: { n: 1 } })));
  const { metadata, version } = await read();
  t.equal(version, 41);
  t.equal(metadata.n, 40);
  t.equal(Object.keys(metadata).length, 41);
});

inEveryWorld('of parallel changes meant for one version, one is made', async (t, world) => {
  const { patch } = await start(world, {});
  const answers = await Promise.all(Array.from({ length: 10 }, (_, i) => patch({ metadata: { by: i } }, '"1"')));
  t.equal(answers.filter(({ statusCode }) => statusCode === 200).length, 1);
  t.equal(answers.filter(({ statusCode }) => statusCode === 412).length, 9);
});

inEveryWorld('a change in flight does not bring back a session that has ended', async (t, world) => {
  const { patch, token } = await start(world);
  await Promise.all([
    ...Array.from({ length: 10 }, (_, i) => patch({ metadata: { i } })),
    world.call('POST', '/logout', { token }),
    ...Array.from({ length: 10 }, (_, i) => patch({ metadata: { i } })),
  ]);
  t.equal(await world.status(token), 401);
  t.equal((await patch({ metadata: { i: 1 } })).statusCode, 401);
});
