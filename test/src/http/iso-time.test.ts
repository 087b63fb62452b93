import t from 'tap';
import { isoTime } from '../../../src/http/iso-time.ts';

const MINUTE_MS = 60_000;

t.test('a time is written as toISOString writes it', async (t) => {
  const now = Date.now();
  const times = [
    0,
    1,
    999,
    1000,
    59_999,
    MINUTE_MS,
    now,
    Date.UTC(1999, 11, 31, 23, 59, 59, 999),
    Date.UTC(9999, 11, 31),
  ];
  // More minutes than are kept.
  for (let i = 0; i < 5000; i += 1) times.push(now + i * (MINUTE_MS + 1));
  for (const ms of times) if (isoTime(ms) !== new Date(ms).toISOString()) t.fail(`${ms}`);
  t.equal(isoTime(now), new Date(now).toISOString());
});
