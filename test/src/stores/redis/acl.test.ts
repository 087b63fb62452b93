import { readFile } from 'node:fs/promises';
import type { Redis } from 'ioredis';
import t, { type Test } from 'tap';
import { build, login, withCookie } from '../../../support/build.ts';
import { serversOf, startCluster } from '../../../support/cluster.ts';
import { startRedis } from '../../../support/redis.ts';

const SERVICE_KEYS = 'tests:a-service-key-of-the-tests-0123456789';
const authorization = 'Bearer a-service-key-of-the-tests-0123456789';

/** The rule as docs/redis.md gives it to operators. */
async function documentedRule(): Promise<string[]> {
  const text = await readFile(new URL('../../../../docs/redis.md', import.meta.url), 'utf8');
  const [, rule] = /```acl\nuser (.*)\n```/.exec(text) ?? [];
  if (rule === undefined) throw new Error('docs/redis.md has no ACL rule');
  return rule.split(' ');
}

t.test('the documented rule is enough on one server', async (t) => {
  const { client, url } = await startRedis(t);
  await tellStory(t, url, [client]);
});

t.test('the documented rule is enough in a Cluster', async (t) => {
  const { client, url } = await startCluster(t);
  await tellStory(t, url, serversOf(client));
});

/** All that the service does, as a user who may do no more; Redis keeps a log of what it refused. */
async function tellStory(t: Test, url: string, servers: readonly Redis[]): Promise<void> {
  const rule = await documentedRule();
  for (const server of servers) await server.call('ACL', 'SETUSER', ...rule);
  const { app, log } = await build(t, {
    REDIS_URL: url.replace('://', '://sessiond:change-me@'),
    SERVICE_KEYS,
    MAX_SESSIONS_PER_USER: '2',
    SESSION_TOUCH_SECONDS: '0',
    SESSION_IDLE_SECONDS: '1',
  });
  const call = async (method: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE', url: string, options: object = {}) => {
    const answer = await app.inject({ method, url, headers: { authorization }, ...options });
    t.ok(answer.statusCode < 400, `${method} ${url} answers ${answer.statusCode}`);
    return answer;
  };

  const tokens = [await login(app), await login(app), await login(app)];
  const headers = withCookie(tokens[2] as string);
  await call('POST', '/session', { headers: {} });
  await call('GET', '/session', { headers });
  await call('PATCH', '/session', { headers, payload: { metadata: { a: 1 }, increment: { n: 1 } } });
  await call('POST', '/session/renew', { headers });
  await call('GET', '/sessions', { headers });
  const { sessionId } = (await call('GET', '/session', { headers })).json();
  const { lockToken } = (await call('PUT', `/v1/sessions/${sessionId}/lock`)).json();
  await call('DELETE', `/v1/sessions/${sessionId}/lock`, { headers: { authorization, 'x-lock-token': lockToken } });
  await call('POST', '/v1/sessions/introspect/batch', { payload: { tokens } });
  await call('GET', '/v1/users/demo/sessions');
  await call('GET', '/v1/stats');
  await call('DELETE', `/v1/sessions/${sessionId}`);
  await call('DELETE', '/v1/users/demo/sessions');
  await app.sessions.sweep();
  await call('GET', '/metrics');
  await app.sessions.ping();

  t.notMatch(log.join(''), /NOPERM|per pod/);
  for (const server of servers) t.same(await server.call('ACL', 'LOG'), [], 'Redis refused nothing');
}
