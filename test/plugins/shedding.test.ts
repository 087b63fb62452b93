import { setImmediate as turn } from 'node:timers/promises';
import t from 'tap';
import { build } from '../support/build.ts';
import { until } from '../support/until.ts';

const BUSY_MS = 300;

function keepBusy(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

t.test('a process that has too much to do answers 503 at once, and recovers by itself', async (t) => {
  const { app, log } = await build(t);
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  const linesOf = (part: string) => log.filter((line) => line.includes(part)).length;
  let busy = true;
  const work = (async () => {
    while (busy) {
      keepBusy(BUSY_MS);
      await turn();
    }
  })();

  await until(async () => (await fetch(`${url}/hello`)).status === 503, 20_000);
  const answers = await Promise.all(
    ['/verify', '/session', '/nothing', '/readyz', '/healthz', '/metrics'].map((path) => fetch(`${url}${path}`)),
  );
  t.same(
    answers.map(({ status }) => status),
    [503, 503, 503, 503, 200, 200],
    'whatever is asked, but for operators',
  );
  for (const answer of answers.slice(0, 3)) {
    t.equal(answer.headers.get('retry-after'), '1');
    t.match(await answer.json(), {
      statusCode: 503,
      code: 'OVERLOADED',
      error: 'Service Unavailable',
      message: String,
    });
  }
  t.same(await answers[3]?.json(), { status: 'not ready', reasons: ['overloaded'] });
  busy = false;
  await work;

  await until(async () => (await fetch(`${url}/readyz`)).status === 200);
  t.equal((await fetch(`${url}/hello`)).status, 200);
  const counted = /^requests_shed_total (\d+)$/m.exec(await (await fetch(`${url}/metrics`)).text());
  t.equal(Number(counted?.[1]), 4, 'each is counted');
  t.equal(linesOf('turning requests away'), 1, 'the log has a line for the state, not for the request');
  t.equal(linesOf('no longer too busy'), 1);
  t.equal(linesOf('request failed') + linesOf('/verify'), 0);
});

t.test('one pause, as the machine may make it, turns nobody away', async (t) => {
  const { app } = await build(t);
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  // On a busy machine there may be another pause after it, and then it is tried again.
  await until(async () => {
    keepBusy(4 * BUSY_MS);
    const said = new Set<number>();
    const end = Date.now() + 4 * BUSY_MS;
    while (Date.now() < end) said.add((await fetch(`${url}/hello`)).status);
    return said.size === 1 && said.has(200);
  }, 30_000);
  t.pass('it is answered all the time');
});
