import { join } from 'node:path';
import t from 'tap';
import { startProxy } from '../../support/proxy.ts';
import { ROOT } from '../../support/run.ts';
import { protects } from './cases.ts';

await protects(t, async (t, addresses) => {
  const [sessiond = ''] = addresses.sessiond;
  await startProxy(t, addresses, ['haproxy', '-db', '-C', join(ROOT, 'deploy/proxies/haproxy'), '-f', 'haproxy.cfg'], {
    LISTEN: addresses.listen,
    SESSIOND: sessiond,
    APP: addresses.app,
  });
});
