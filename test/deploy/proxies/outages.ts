import { until } from '../../support/until.ts';
import type { Case } from './cases.ts';
import { PATHS_WITH_TYPES } from './identity.ts';

export const UNAVAILABLE = { statusCode: 503, code: 'STORE_UNAVAILABLE', error: 'Service Unavailable' };
/** Cases in which sessiond can't verify. The last one stops all pods. */
export const outages: Record<string, Case> = {
  async 'while Redis is frozen, requests get 503 and no cookie is cleared'(t, { call, login, pods, redis, app }) {
    const { cookie } = await login();
    const before = app.received.length;
    redis.process.kill('SIGSTOP');
    for (const method of ['GET', 'POST', 'GET', 'GET']) {
      const answer = await call('/', { method, headers: { cookie } });
      t.match(answer.json(), UNAVAILABLE);
      t.match(answer.headers, { 'retry-after': /^\d+$/, 'content-type': /^application\/json/ });
      t.notOk(answer.headers['set-cookie']);
      t.ok(answer.elapsedMs < 1500, `${answer.elapsedMs} ms`);
    }
    redis.process.kill('SIGCONT');
    t.equal(app.received.length, before);
    for (const pod of pods) await until(async () => (await pod.readiness.reasons()).length === 0);
    // The proxy's health checks may still have to mark the pods as up.
    const statuses = new Set<number>();
    await until(async () => {
      const { status } = await call('/', { headers: { cookie } });
      statuses.add(status);
      return status === 200;
    });
    t.notOk(statuses.has(401) || statuses.has(302), 'the user is still logged in');
  },

  async 'while sessiond is stopped, requests get 503 within 1.5 s and do not reach the app'(
    t,
    { call, login, pods, app },
  ) {
    const { cookie } = await login();
    t.equal((await call('/', { headers: { cookie } })).status, 200);
    await Promise.all(pods.map((pod) => pod.close()));
    const before = app.received.length;
    for (const [method, path] of [
      ['GET', '/'],
      ['GET', '/'],
      ['POST', '/'],
      ['HEAD', '/'],
      ['GET', '/session'],
      ['POST', '/login'],
    ] as const) {
      const answer = await call(path, { method, headers: { cookie } });
      t.equal(answer.status, 503, `${method} ${path}`);
      if (method !== 'HEAD') t.match(answer.json(), UNAVAILABLE);
      t.match(answer.headers['retry-after'], /^\d+$/);
      t.ok(answer.elapsedMs < 1500, `${answer.elapsedMs} ms`);
    }
    for (const path of PATHS_WITH_TYPES) {
      t.match((await call(path, { headers: { cookie } })).headers['content-type'], /^application\/json/, path);
    }
    t.equal(app.received.length, before);
  },
};
