// The configuration that production runs: what is held in a pod is kept true by Redis.
import t from 'tap';
import { everywhere, times } from '../support/fleets.ts';
import { until } from '../support/until.ts';

const onEveryStore = await everywhere(t);
const env = { NEAR_CACHE_MAX: '1000' };

onEveryStore(
  'a session in use is answered by every pod without asking Redis, until it ends anywhere',
  async (t, fleet) => {
    const { session, token } = await fleet.start('ann');
    const headers = { authorization: `Bearer ${token}` };
    const verify = () => times(fleet.pods.length, () => fleet.call('GET', '/verify', { headers }));
    const near = async () => {
      await verify();
      return fleet.pods.every((pod) => pod.sessions.recall(token, () => ({ ip: '', userAgent: '' })) !== undefined);
    };
    await until(near);
    const metrics = (await fleet.call('GET', '/metrics')).body;
    t.match(metrics, /session_verify_total\{result="valid",source="(near|memory)"\} [1-9]/);

    const answers = await verify();
    t.ok(answers.every((answer) => answer.statusCode === 200 && answer.headers['x-session-id'] === session.sessionId));

    await fleet.service('DELETE', `/v1/sessions/${session.sessionId}`);
    const fresh = { ...headers, 'cache-control': 'no-cache' };
    const asked = await times(fleet.pods.length, () => fleet.call('GET', '/verify', { headers: fresh }));
    t.ok(
      asked.every(({ statusCode }) => statusCode === 401),
      'who wants it fresh sees it at once',
    );
    await until(async () => (await verify()).every(({ statusCode }) => statusCode === 401), 1000);
  },
  env,
);

onEveryStore(
  'who changes a session reads what was written, on the pod that wrote it',
  async (t, fleet) => {
    const { session, token } = await fleet.start('ann');
    const [pod] = fleet.pods;
    const headers = { authorization: `Bearer ${token}` };
    for (let n = 1; n <= 30; n += 1) {
      const patched = await pod?.inject({
        method: 'PATCH',
        url: '/session',
        headers,
        payload: { increment: { n: 1 } },
      });
      t.match(patched?.json(), { metadata: { n } });
      t.match((await pod?.inject({ url: '/session', headers }))?.json(), { version: n + 1, metadata: { n } });
    }
    await pod?.inject({ method: 'POST', url: '/logout', headers });
    t.equal((await pod?.inject({ url: '/session', headers }))?.statusCode, 401);
    t.equal((await fleet.service('GET', `/v1/sessions/${session.sessionId}`)).statusCode, 404);
  },
  env,
);
