import t from 'tap';
import { makeCertificates } from '../../../../support/certificates.ts';
import { startCluster } from '../../../../support/cluster.ts';
import { startServer } from '../../../../support/server.ts';
import { until } from '../../../../support/until.ts';

// What the server says to a refusal is there before the connection is closed now and then only.
const PODS = 6;

t.test('where the certificate of a server is refused no pod ends', async (t) => {
  const { url } = await startCluster(t, { certificates: makeCertificates(t, 'DNS:localhost') });
  const { caFile } = makeCertificates(t);
  for (let i = 0; i < PODS; i += 1) {
    const pod = await startServer(t, { REDIS_URL: url, NODE_EXTRA_CA_CERTS: caFile });
    await until(() => pod.output.stdout.includes('Failed to refresh slots cache'), 10_000);
    t.equal(await fetch(`${pod.url}/readyz`).then(({ status }) => status, String), 503);
    t.equal((await pod.stop()).code, 0);
    t.notMatch(pod.output.stdout, 'uncaught error');
  }
});
