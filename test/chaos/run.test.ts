import t from 'tap';
import { startCluster } from '../support/cluster.ts';
import { createOwner } from '../support/owner.ts';
import { freePort } from '../support/redis.ts';
import { run } from '../support/run.ts';
import { startOn } from './topologies.ts';

const refused: { what: string; args: string[]; says: RegExp }[] = [
  { what: 'an unknown option', args: ['--bogus'], says: /--bogus[\s\S]*npm run chaos/ },
  { what: 'a fault that there is not', args: ['--only', 'nothing'], says: /No fault[\s\S]*npm run chaos/ },
  { what: 'what is no address', args: ['--redis-url', 'nonsense'], says: /--redis-url: expected/ },
  {
    what: 'a Redis that is not there',
    args: ['--redis-url', `redis://127.0.0.1:${await freePort()}`],
    says: /can not be reached at --redis-url: connect ECONNREFUSED/,
  },
];

for (const { what, args, says } of refused) {
  t.test(`${what} is said at once, exit code 1`, async (t) => {
    const { code, stderr } = await run(process.execPath, ['test/chaos/run.ts', ...args]);
    t.equal(code, 1);
    t.match(stderr, says);
    t.notMatch(stderr, /\n +at /, 'no stack');
  });
}

t.test('a program that is not installed is named, and the packages', async (t) => {
  const env = { PATH: '/nowhere' };
  const { code, stderr } = await run(process.execPath, ['test/chaos/run.ts', '--only', 'a pod killed'], { env });
  t.equal(code, 1);
  t.match(stderr, /Missing: redis-server\. On Debian: apt-get install/);
});

t.test('a Cluster of several addresses is taken, and nothing is left in it', async (t) => {
  const { url, masters } = await startCluster(t);
  t.match(url, ',');
  const owner = createOwner();
  t.teardown(() => owner.close());
  const { pods } = await startOn(owner, url);
  t.equal(pods.all.length, 3);
  const keys = async () => (await Promise.all(masters.map(({ client }) => client.keys('chaos-*')))).flat().length;
  t.ok((await keys()) > 0);
  await owner.close();
  t.equal(await keys(), 0);
});
