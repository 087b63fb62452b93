import t from 'tap';
import { startRedis } from '../support/redis.ts';
import { startServer } from '../support/server.ts';
import { until } from '../support/until.ts';

t.test('what a library writes to the console is a line of the log', async (t) => {
  const redis = await startRedis(t);
  const server = await startServer(t, { REDIS_URL: redis.url.replace('redis://', 'redis://:unasked@') });
  await until(() => server.output.stdout.includes('does not require a password'));
  const warned = server.output.stdout.split('\n').find((line) => line.includes('does not require a password'));
  t.match(JSON.parse(warned as string), { level: 'warn' });
  t.equal(server.output.stderr, '');
  t.notMatch(server.output.stdout, /unasked/);
});
