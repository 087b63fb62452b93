import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { folderOf, type StartProxy, startProxy } from '../../support/proxy.ts';
import { ROOT } from '../../support/run.ts';
import { protects } from './cases.ts';

// The server block described at the top of sessiond.conf, and settings to run beside another nginx.
const start: StartProxy = async (t, addresses) => {
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
      types { text/html html; image/png png; application/javascript js; text/xml xml; }
      default_type application/octet-stream;
      ${temporary.join(' ')}
      include ${folder}/upstreams.conf;
      server {
        listen ${addresses.listen};
        include ${join(ROOT, 'deploy/proxies/nginx/sessiond.conf')};
        location /public/ { auth_request off; proxy_pass http://app; }
      }
    }`,
  );
  await startProxy(t, addresses, ['nginx', '-e', 'stderr', '-p', folder, '-c', join(folder, 'nginx.conf')]);
};

await protects(t, start, {
  async 'a public location does not pass on identity headers of the client'(t, { call, login, asked }) {
    const { cookie } = await login();
    asked.length = 0;
    for (const headers of [{}, { cookie }]) {
      const forged = { 'x-session-id': '1', 'x-session-user': 'root', 'x-session-expire': '2099-01-01T00:00:00.000Z' };
      const answer = await call('/public/page', { headers: { ...headers, ...forged } });
      t.equal(answer.status, 200);
      t.notMatch(answer.body, /root|2099/);
    }
    t.same(asked, []);
    for (const path of ['/public/../orders', '/public/..%2forders', '/public/%2e%2e/orders']) {
      t.equal((await call(path)).status, 401, path);
    }
  },
});
