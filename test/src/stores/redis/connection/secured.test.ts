// TLS and users: what docs/redis.md says to operators, with a certificate authority of the test's own.
import { readFile } from 'node:fs/promises';
import t, { type Test } from 'tap';
import { type Certificates, makeCertificates } from '../../../../support/certificates.ts';
import { startCluster } from '../../../../support/cluster.ts';
import { freePort, startRedis } from '../../../../support/redis.ts';
import { MASTER_NAME, startSentinels } from '../../../../support/sentinel.ts';
import { loginAt, startServer } from '../../../../support/server.ts';
import { until } from '../../../../support/until.ts';

const docs = await readFile(new URL('../../../../../docs/redis.md', import.meta.url), 'utf8');
const [dataUser = '', sentinelUser = ''] = [...docs.matchAll(/```acl\n(user .*)\n```/g)].map(([, line]) => line);
const OPERATOR = { username: 'operator', password: 'of-the-tests' };
const operator = `user ${OPERATOR.username} on >${OPERATOR.password} ~* &* +@all`;
const closed = 'user default off';
const certificates = makeCertificates(t);

t.test('one server with TLS and a user', async (t) => {
  const port = await freePort();
  const lines = [operator, dataUser, closed].flatMap((line) => {
    const [, ...words] = line.split(' ');
    return ['--user', ...words];
  });
  const access = { ...OPERATOR, tls: { ca: certificates.ca } };
  await startRedis(t, [...certificates.redisArguments(port), ...lines], port, access);
  const url = (password: string) => `rediss://sessiond:${password}@127.0.0.1:${port}`;

  await serves(t, url('change-me'));
  await refuses(t, url('not-the-password'), /WRONGPASS/);
  await refuses(t, url('change-me'), /certificate/, {});
});

t.test('sentinels with TLS, and users of their own', async (t) => {
  const { url, servers, sentinels } = await startSentinels(t, {
    certificates,
    serverLines: [operator, dataUser, closed],
    serverLogin: OPERATOR,
    sentinelLines: [operator, sentinelUser, closed],
    sentinelLogin: OPERATOR,
  });
  const as = (password: string, sentinelPassword: string) =>
    `${url.replace('://', `://sessiond:${password}@`)}?sentinelUser=sessiond&sentinelPassword=${sentinelPassword}`;

  await serves(t, as('change-me', 'change-me-%74oo'));
  for (const { client } of [...servers, ...sentinels])
    t.same(await client.call('ACL', 'LOG'), [], 'nothing was refused');
  await refuses(t, as('not-the-password', 'change-me-too'), /WRONGPASS/);
  await refuses(t, as('change-me', 'not-the-password'), /no sentinel reports the endpoint of master main.*WRONGPASS/);
  await refuses(t, as('change-me', 'change-me-too'), /certificate/, {});
  await refuses(t, as('change-me', 'change-me-too').replace(`/${MASTER_NAME}`, '/another'), /No such master/);
});

t.test('a Cluster with TLS, whose certificates are for names', async (t) => {
  const named = makeCertificates(t, 'DNS:localhost');
  const { url } = await startCluster(t, { certificates: named });
  await serves(t, url, trusting(named));
  // The client keeps what the matter is with a node's connection to itself.
  await refuses(t, url, /Failed to refresh slots cache/);
});

async function serves(t: Test, url: string, env = trusting(certificates)): Promise<void> {
  const server = await startServer(t, { REDIS_URL: url, ...env });
  await until(async () => (await fetch(`${server.url}/readyz`)).status === 200);
  t.equal((await loginAt(server.url)).status, 200);
  t.equal((await server.stop()).code, 0);
  t.equal(server.output.stderr, '');
}

/** Whether the service says so once, by name of the setting and without its secrets, and stays up. */
async function refuses(t: Test, url: string, reason: RegExp, env = trusting(certificates)): Promise<void> {
  const server = await startServer(t, { REDIS_URL: url, ...env });
  const problems = () => server.output.stdout.split('\n').filter((line) => line.includes('"problem"'));
  await until(() => problems().some((line) => reason.test(line) && line.includes('REDIS_URL')), 10_000);
  t.equal((await fetch(`${server.url}/readyz`)).status, 503);
  t.equal((await server.stop()).code, 0);
  t.equal(problems().filter((line) => reason.test(line)).length, 1, `${problems()}`);
  t.notMatch(server.output.stdout + server.output.stderr, /change-me|not-the-password/);
}

function trusting({ caFile }: Certificates): Record<string, string> {
  return { NODE_EXTRA_CA_CERTS: caFile };
}
