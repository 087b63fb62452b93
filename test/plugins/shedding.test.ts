import t from 'tap';
import { startServer } from '../support/server.ts';
import { until } from '../support/until.ts';

const KEY = 'a-service-key-of-the-tests-0123456789';
const AT_ONCE = 150;
const SHED = '503 OVERLOADED 1';
const headers = { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' };

t.test('a process with more to do than it can answers 503 at once, and recovers by itself', async (t) => {
  const server = await startServer(t, { SERVICE_KEYS: `tests:${KEY}` });
  const ask = (path: string) => fetch(`${server.url}${path}`);
  const linesOf = (text: string) => server.output.stdout.split('\n').filter((line) => line.includes(text)).length;

  const started = await fetch(`${server.url}/v1/sessions`, { method: 'POST', headers, body: '{"userId":"ann"}' });
  const { token } = (await started.json()) as { token: string };
  // The most that one request may ask for: milliseconds of work, and no store that others wait for.
  const body = JSON.stringify({ tokens: Array.from({ length: 500 }, () => token) });
  const kinds = new Map<string, number>();
  let flooding = true;
  async function flood(): Promise<void> {
    while (flooding) {
      const answer = await fetch(`${server.url}/v1/sessions/introspect/batch`, { method: 'POST', headers, body });
      const text = await answer.text();
      const { code } = answer.ok ? {} : JSON.parse(text);
      const kind = [answer.status, code, answer.headers.get('retry-after')].join(' ');
      kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
    }
  }
  const floods = Array.from({ length: AT_ONCE }, flood);

  await t.test('operators are answered meanwhile, and /readyz says why', async (t) => {
    await until(async () => {
      const answer = await ask('/readyz');
      const { reasons } = (await answer.json()) as { reasons: string[] };
      return answer.status === 503 && reasons[0] === 'overloaded';
    }, 20_000);
    t.equal((await ask('/healthz')).status, 200);
    t.equal((await ask('/metrics')).status, 200);
    await until(() => kinds.has(SHED), 20_000);
  });

  flooding = false;
  await Promise.all(floods);
  await until(async () => (await ask('/readyz')).status === 200);
  t.equal((await ask('/hello')).status, 200);

  t.comment(Object.fromEntries(kinds));
  t.same([...kinds.keys()].sort(), ['200  ', SHED], 'some are answered, all others turned away');
  const counted = /^requests_shed_total (\d+)$/m.exec(await (await ask('/metrics')).text());
  t.ok(Number(counted?.[1]) >= (kinds.get(SHED) as number), 'each is counted');
  const begins = linesOf('turning requests away');
  t.ok(begins >= 1 && begins < 10, 'the log has a line for the state, not for the request');
  t.equal(linesOf('no longer too busy'), begins);
  t.equal(linesOf('request failed'), 0);
});
