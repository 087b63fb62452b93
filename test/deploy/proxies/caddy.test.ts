import { join } from 'node:path';
import t from 'tap';
import { folderOf, startProxy } from '../../support/proxy.ts';
import { ROOT } from '../../support/run.ts';
import { protects } from './cases.ts';

await protects(t, async (t, addresses) => {
  const folder = await folderOf(t, 'caddy');
  await startProxy(t, addresses, ['caddy', 'run', '--config', join(ROOT, 'deploy/proxies/Caddyfile')], {
    SITE: `http://${addresses.listen}`,
    SESSIOND: addresses.sessiond.join(' '),
    APP: addresses.app,
    CLAIMS: 'X-Session-Claim-Role X-Session-Claim-Email',
    CADDY_ADMIN: 'off',
    HOME: folder,
    XDG_CONFIG_HOME: folder,
    XDG_DATA_HOME: folder,
  });
});
