import t from 'tap';
import { isSessionId, newSessionId, shardNames, shardOfSession, shardOfUser } from '../../../src/session/session-id.ts';

t.test('of 50,000 ids none comes twice, and each bit of the random part is as often 0 as 1', async (t) => {
  const COUNT = 50_000;
  const ids = new Set<string>();
  const ones = new Array<number>(160).fill(0);
  for (let i = 0; i < COUNT; i += 1) {
    const id = newSessionId(i % 2 === 0 ? 'ann' : null);
    ids.add(id);
    const bytes = Buffer.from(id.slice(2), 'base64url');
    for (let bit = 0; bit < 160; bit += 1) {
      if (((bytes[bit >> 3] as number) >> (bit & 7)) & 1) ones[bit] = (ones[bit] as number) + 1;
    }
  }
  t.equal(ids.size, COUNT);
  // Seven standard deviations of a fair coin.
  const furthest = Math.max(...ones.map((count) => Math.abs(count - COUNT / 2)));
  t.ok(furthest < 7 * Math.sqrt(COUNT / 4), `furthest from a half: ${furthest}`);
});

t.test('an id has one form, and says the shard of its user and nothing else of him', async (t) => {
  for (const userId of ['ann', 'bob', '漢字', '']) {
    const id = newSessionId(userId);
    t.match(id, /^[0-3][0-9a-f][\w-]{27}$/);
    t.ok(isSessionId(id));
    t.equal(shardOfSession(id), shardOfUser(userId));
  }
});

t.test('anonymous sessions are spread over all shards', async (t) => {
  const shards = new Set(Array.from({ length: 5000 }, () => shardOfSession(newSessionId(null))));
  t.same([...shards].sort(), shardNames);
});
