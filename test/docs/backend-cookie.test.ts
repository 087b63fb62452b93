import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { build } from '../support/build.ts';
import { ROOT } from '../support/run.ts';

const KEY = 'the-key-of-the-shop-0123456789-0123456789';

const readme = await readFile(join(ROOT, 'README.md'), 'utf8');
const [, documented = ''] = /^Set-Cookie: (.*)$/m.exec(readme) ?? [];

const names: [name: string, header: string, env: Record<string, string>][] = [
  ['__Host-sid', documented, {}],
  ['sid', documented.replace('__Host-sid', 'sid').replace(' Secure;', ''), { COOKIE_SECURE: 'false' }],
];

for (const [name, header, env] of names) {
  t.test(`README.md: a backend puts a token into the cookie ${name} as the service does`, async (t) => {
    const { app } = await build(t, { SERVICE_KEYS: `shop:${KEY}`, ...env });
    const started = await app.inject({
      method: 'POST',
      url: '/v1/sessions',
      headers: { authorization: `Bearer ${KEY}` },
      payload: { userId: 'ann' },
    });
    const { token } = started.json() as { token: string };
    const setCookie = header.replace('<token>', token);
    const [cookie = ''] = setCookie.split(';');
    t.equal(cookie, `${name}=${token}`);

    const read = await app.inject({ url: '/session', headers: { cookie } });
    t.equal(read.statusCode, 200);
    t.equal(read.json().userId, 'ann');

    const renewed = await app.inject({ method: 'POST', url: '/session/renew', headers: { cookie } });
    t.equal(renewed.statusCode, 200);
    const [successor] = renewed.cookies;
    t.equal(renewed.headers['set-cookie'], setCookie.replace(token, successor?.value as string), 'the same attributes');
  });
}
