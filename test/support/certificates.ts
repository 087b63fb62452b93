import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';

export interface Certificates {
  /** The authority's certificate, and the file it stands in. */
  readonly ca: string;
  readonly caFile: string;
  /** What makes redis-server listen with TLS on a port, and with nothing else, and speak it to its like. */
  redisArguments(port: number): string[];
}

/** Makes an authority of the test's own and a certificate of it, for 127.0.0.1 or another host, gone with the test. */
export function makeCertificates(t: Test, host = 'IP:127.0.0.1'): Certificates {
  const folder = mkdtempSync(join(tmpdir(), 'sessiond-tls-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const file = (name: string) => join(folder, name);
  const issue = (name: string, ...more: string[]) =>
    execFileSync(
      'openssl',
      ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'].concat(
        ['-keyout', file(`${name}.key`), '-out', file(`${name}.crt`), '-subj', `/CN=${name}`],
        more,
      ),
      { stdio: ['ignore', 'ignore', 'pipe'] },
    );
  issue('authority');
  const extensions = ['-addext', `subjectAltName=${host}`, '-addext', 'basicConstraints=critical,CA:FALSE'];
  issue('server', '-CA', file('authority.crt'), '-CAkey', file('authority.key'), ...extensions);

  return {
    ca: readFileSync(file('authority.crt'), 'utf8'),
    caFile: file('authority.crt'),
    redisArguments: (port) => [
      ...['--port', '0', '--tls-port', `${port}`, '--tls-replication', 'yes', '--tls-cluster', 'yes'],
      ...['--tls-auth-clients', 'no'],
      ...['--tls-cert-file', file('server.crt'), '--tls-key-file', file('server.key')],
      ...['--tls-ca-cert-file', file('authority.crt')],
    ],
  };
}
