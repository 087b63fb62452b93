import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { createAsk, type Kind } from './ask.ts';
import { longestWithout } from './judge.ts';
import { createLedger, UNHEARD_MS } from './ledger.ts';
import { startTcpProxy } from './tcp-proxy.ts';
import { timeline } from './timeline-svg.ts';

const login = { user: 'ann', sessionId: '3fA', token: '3fA.1.mac' };

function listening(t: Test, answer: RequestListener): Promise<number> {
  const server = createServer(answer);
  t.teardown(() => server.close());
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)));
}

t.test('a session is called absent only while it is live', async (t) => {
  const ledger = createLedger();
  const [live, ending] = [1, 2].map(() => ledger.loggedIn({ ...login, sentAt: performance.now() }));
  if (live === undefined || ending === undefined) throw new Error('not in the ledger');
  ending.state = 'ending';
  for (const entry of [live, ending]) ledger.told(entry, 'absent', performance.now(), 'any');
  t.same([live.calledAbsent, ending.calledAbsent], [true, false]);
});

t.test('an ended session is back at once where the store says so, and after a while where a pod does', async (t) => {
  const ledger = createLedger();
  const said = (from: 'store' | 'any', afterMs: number) => {
    const entry = ledger.loggedIn({ ...login, sentAt: performance.now() });
    if (entry === undefined) throw new Error('not in the ledger');
    ledger.ended(entry);
    ledger.told(entry, 'there', entry.endedAt + afterMs, from);
    return entry.cameBack;
  };
  t.equal(said('store', 1), true);
  t.equal(said('store', -1), false, 'asked before its end');
  t.equal(said('any', 100), false);
  t.equal(Math.round(ledger.stalestMs()), 100);
  t.equal(said('any', UNHEARD_MS + 1), true);
});

t.test('what was logged in around a FLUSHALL is not judged, and what was there before has ended', async (t) => {
  const ledger = createLedger();
  const before = ledger.loggedIn({ ...login, sentAt: performance.now() });
  const beganAt = performance.now();
  const meanwhile = ledger.loggedIn({ ...login, sentAt: beganAt });
  ledger.flushed(beganAt);
  t.same([before?.state, meanwhile?.state], ['ended', 'unknown']);
  t.equal(ledger.loggedIn({ ...login, sentAt: beganAt }), undefined, 'answered later');
  t.equal(ledger.loggedIn({ ...login, sentAt: performance.now() })?.state, 'live');
});

t.test('the longest time without a success counts from the beginning to the end', async (t) => {
  const answer = (kind: Kind, sentAt: number, status: number) => ({ kind, sentAt, ms: 5, status });
  const answers = [answer('login', 95, 200), answer('login', 300, 503), answer('verify', 300, 200)];
  t.equal(longestWithout(['login'], answers, 0, 1000), 900);
  t.equal(longestWithout(['login', 'verify'], answers, 0, 1000), 695);
  t.equal(longestWithout(['logout'], answers, 0, 1000), 1000);
});

t.test('answers that nobody has to expect are wrong', async (t) => {
  const cases: [number, string | undefined, Record<string, string>, string][] = [
    [200, undefined, {}, ''],
    [401, 'NO_SESSION', { 'set-cookie': '__Host-sid=; Path=/' }, ''],
    [503, 'STORE_UNAVAILABLE', { 'retry-after': '1' }, ''],
    [503, 'STORE_UNAVAILABLE', {}, '503 STORE_UNAVAILABLE without Retry-After'],
    [
      503,
      'STORE_UNAVAILABLE',
      { 'retry-after': '1', 'set-cookie': '__Host-sid=' },
      '503 STORE_UNAVAILABLE with a cookie',
    ],
    [500, 'INTERNAL_ERROR', {}, '500 INTERNAL_ERROR'],
    [401, 'INVALID_CREDENTIALS', {}, '401 INVALID_CREDENTIALS'],
    [503, 'SOMETHING', { 'retry-after': '1' }, '503 SOMETHING'],
  ];
  for (const [status, code, headers, wrong] of cases) {
    const port = await listening(t, (_, response) =>
      response.writeHead(status, headers).end(code === undefined ? '' : JSON.stringify({ code })),
    );
    const answer = await createAsk(`http://127.0.0.1:${port}`)({ kind: 'verify', method: 'GET', path: '/verify' });
    t.equal(answer.wrong, wrong, `${status} ${code} ${JSON.stringify(headers)}`);
  }
  const port = await listening(t, ({ socket }) => socket.destroy());
  const answer = await createAsk(`http://127.0.0.1:${port}`)({ kind: 'verify', method: 'GET', path: '/verify' });
  t.match(answer, { status: 0, wrong: 'no answer' });
});

t.test('a network is slow, cut, and as it was', async (t) => {
  const port = await listening(t, (_, response) => response.end('{}'));
  const network = await startTcpProxy(t, { host: '127.0.0.1', port });
  const ask = createAsk(`http://127.0.0.1:${network.port}`);
  const get = () => ask({ kind: 'verify', method: 'GET', path: '/' });
  t.equal((await get()).status, 200);
  network.delay(50);
  t.ok((await get()).ms >= 95, 'there and back');
  network.restore();
  network.cut();
  const late = get();
  t.equal(await Promise.race([late, pause(100, 'nothing')]), 'nothing');
  network.restore();
  t.equal((await late).status, 200, 'what was sent arrives when the network is back');
});

t.test('a timeline shows what was answered, and no markup of its names', async (t) => {
  const verdict = {} as never;
  const answer = { kind: 'login', code: '', body: {}, token: undefined, ms: 5 } as const;
  const answers = [
    { ...answer, sentAt: 10, status: 200, wrong: '' },
    { ...answer, sentAt: 50, status: 503, wrong: '' },
    { ...answer, sentAt: 60, status: 500, wrong: '500' },
  ];
  const spans = [{ from: 40, done: 41, to: 70, wellAt: 80 }];
  const svg = timeline([{ world: '<b>', fault: '&', begin: 0, end: 100, spans, answers, verdict }]);
  t.notMatch(svg, /<b>|& /);
  t.equal(svg.match(/<rect /g)?.length, 3, 'the page, the fault, and what came after');
  t.equal(svg.match(/<path /g)?.length, 3, 'an area for each sort of answer');
});
