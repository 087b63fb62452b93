import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { folderOf, startProxy } from '../../support/proxy.ts';
import { ROOT } from '../../support/run.ts';
import { protects } from './cases.ts';

// What the head of sessiond.conf tells an operator to write, and what nginx needs to run beside another one.
await protects(t, async (t, addresses) => {
  const folder = await folderOf(t, 'nginx');
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (of) => `${of}_temp_path ${folder}/${of};`,
  );
  const upstream = (name: string, servers: readonly string[]) =>
    `upstream ${name} { ${servers.map((server) => `server ${server} fail_timeout=1s;`).join(' ')} keepalive 32; }`;
  await writeFile(
    join(folder, 'upstreams.conf'),
    `${upstream('sessiond', addresses.sessiond)} ${upstream('app', [addresses.app])}`,
  );
  await writeFile(
    join(folder, 'nginx.conf'),
    `daemon off;
    master_process off;
    pid ${folder}/pid;
    error_log stderr;
    events {}
    http {
      access_log off;
      ${temporary.join(' ')}
      include ${folder}/upstreams.conf;
      server {
        listen ${addresses.listen};
        include ${join(ROOT, 'deploy/proxies/nginx/sessiond.conf')};
      }
    }`,
  );
  await startProxy(t, addresses, ['nginx', '-e', 'stderr', '-p', folder, '-c', join(folder, 'nginx.conf')]);
});
