import { existsSync } from 'node:fs';
import t from 'tap';
import { median, percentile, short } from '../bench/lib/numbers.ts';
import { callsBetween, parseCommandStats } from '../bench/lib/redis.ts';
import { USER_AGENT } from '../bench/lib/service.ts';
import { barChart } from '../bench/lib/svg.ts';
import { table } from '../bench/lib/table.ts';
import { againUpTo, LoadError, parseWrk } from '../bench/lib/wrk.ts';
import { aims, targets } from '../bench/targets.ts';

const PRINTED = `Running 4s test @ http://127.0.0.1:3000/verify
  1 threads and 64 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     3.31ms    1.20ms  40.02ms   95.12%
    Req/Sec    19.43k     1.10k   20.91k    80.00%
  Latency Distribution
     50%  820.00us
     75%    3.40ms
     90%    4.01ms
     99%    1.20s ${''}
  77845 requests in 4.01s, 26.21MB read
Requests/sec:  19412.72
Transfer/sec:      6.54MB
`;

t.test('what wrk prints is read, whatever its units', async (t) => {
  t.same(parseWrk(PRINTED), { requests: 77_845, perSecond: 19_412.72, p50Ms: 0.82, p99Ms: 1200 });
});

t.test('an answer that was no success fails a measurement', async (t) => {
  for (const line of ['  Non-2xx or 3xx responses: 3', '  Socket errors: connect 0, read 1, write 0, timeout 0']) {
    const output = PRINTED.replace('Requests/sec', `${line}\nRequests/sec`);
    t.throws(() => parseWrk(output), LoadError, line);
    t.equal(parseWrk(output, { strict: false }).requests, 77_845, 'unless it is only warmed');
  }
  t.throws(() => parseWrk('unable to connect to 127.0.0.1:3000 Connection refused'));
});

t.test('a measurement that failed is made again as often as allowed', async (t) => {
  const run = async (times: number) => {
    let calls = 0;
    const answer = againUpTo(
      times,
      () => undefined,
    )(async () => {
      calls += 1;
      if (calls < 3) throw new LoadError('503');
      return calls;
    });
    return answer;
  };
  t.equal(await run(2), 3);
  await t.rejects(run(1), LoadError);
});

t.test('medians, percentiles, and numbers as people read them', async (t) => {
  t.equal(median([3, 1, 2]), 2);
  t.equal(median([4, 1, 2, 3]), 2.5);
  t.equal(percentile([5, 1, 4, 2, 3], 50), 3);
  t.equal(percentile([1, 2], 99), 2);
  t.same([12_345.6, 45.678, 0.0412, 0, Number.NaN].map(short), ['12,346', '45.7', '0.041', '0', '–']);
});

t.test('commands are counted between two looks, and the looks are not', async (t) => {
  const look = (gets: number) =>
    parseCommandStats(`# Commandstats\r\ncmdstat_get:calls=${gets},usec=7\r\ncmdstat_info:calls=9,usec=1\r\n`);
  t.equal(callsBetween(look(2), look(7)), 5);
  t.equal(callsBetween(new Map(), look(7)), 7);
});

t.test('a table is Markdown, aligned', async (t) => {
  t.equal(
    table(
      ['what', 'ms'],
      [
        ['µs', '1.5'],
        ['longer', '12'],
      ],
    ),
    '| what   |  ms |\n| ------ | --: |\n| µs     | 1.5 |\n| longer |  12 |',
  );
});

t.test('a chart has a bar for each value, and no markup of its labels', async (t) => {
  const bars = [1, 2].map((value) => ({ label: '<b>', value, text: `${value} µs`, own: value === 1 }));
  const svg = barChart('CPU & time', bars);
  t.equal(svg.match(/<rect x=/g)?.length, 2);
  t.match(svg, 'width="210"', 'half as much, half as long');
  t.notMatch(svg, /<b>|& /);
});

t.test('every target is there, and every aim is about targets', async (t) => {
  for (const { name, file } of targets) t.ok(existsSync(file), name);
  const names = targets.map(({ name }) => name);
  t.equal(new Set(names).size, names.length);
  for (const { label, of, against } of aims) t.ok(names.includes(of) && names.includes(against), label);
});

t.test('the user agent is as long as docs/redis.md counts it', async (t) => {
  t.equal(USER_AGENT.length, 111);
});
