import type { LightMyRequestResponse } from 'fastify';
import t from 'tap';
import { cookieToken } from '../support/build.ts';
import { sumOf } from '../support/metrics.ts';
import { type World, worlds } from '../support/worlds.ts';

const inEveryWorld = await worlds(t);
const SECOND = 1000;
const WINDOWS = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64)';
const OWN = { 'user-agent': `${WINDOWS} AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36` };
const UPDATED = { 'user-agent': OWN['user-agent'].replace('130', '131') };
const FOREIGN = { 'user-agent': `${WINDOWS.replace(')', '; rv:133.0)')} Gecko/20100101 Firefox/133.0` };
const MISMATCHES = 'session_binding_mismatch_total';
const warningsOf = (world: World) => world.lines().filter((line) => line.includes('from another device'));

/** What a caller with a session may ask. */
const routes = [
  ['GET', '/session'],
  ['GET', '/verify'],
  ['GET', '/sessions'],
  ['POST', '/session/heartbeat'],
  ['POST', '/session/renew'],
  ['PATCH', '/session'],
  ['DELETE', '/sessions'],
] as const;

function ask({ call }: World, [method, url]: (typeof routes)[number], token: string, headers: object) {
  const payload = method === 'PATCH' ? { payload: { metadata: { a: 1 } } } : {};
  return call(method, url, { token, headers: { ...headers }, ...payload });
}

inEveryWorld(
  'BINDING=off: a session is good on every device, and none is looked at',
  async (t, world) => {
    const { token } = await world.login('ann', { headers: OWN });
    t.equal((await world.call('GET', '/session', { token, headers: FOREIGN })).statusCode, 200);
    t.same(await sumOf(world.pods, MISMATCHES), { '': 0 });
  },
  { BINDING: 'off' },
);

inEveryWorld(
  'BINDING=observe: another device is served, counted and logged',
  async (t, world) => {
    const { token, sessionId } = await world.login('ann', { headers: OWN });
    t.equal((await ask(world, ['GET', '/session'], token, UPDATED)).statusCode, 200);
    t.same(await sumOf(world.pods, MISMATCHES), { '': 0 }, 'an update is the same device');
    for (const route of routes) t.ok((await ask(world, route, token, FOREIGN)).statusCode < 300, route.join(' '));
    t.same(await sumOf(world.pods, MISMATCHES), { '': routes.length });
    const [first] = warningsOf(world);
    t.match(JSON.parse(first as string), {
      level: 'warn',
      event: { type: 'binding-mismatch', sessionId, userId: 'ann' },
    });
    t.notMatch(first, /Mozilla|127\.0\.0\.1/, 'what is known of devices stays out of the log');
  },
  { BINDING: 'observe' },
);

const enforce = { BINDING: 'enforce' };

inEveryWorld(
  'BINDING=enforce: another device is told there is no session, and keeps its cookie; the session lives on',
  async (t, world) => {
    const { token } = await world.login('ann', { headers: OWN });
    for (const route of routes) {
      const answer = await ask(world, route, token, FOREIGN);
      t.match(answer.json(), { statusCode: 401, code: 'NO_SESSION', error: 'Unauthorized' }, route.join(' '));
      t.notOk(answer.headers['set-cookie'], 'absence is not proven');
      t.notOk(answer.headers['x-session-expire']);
    }
    t.same(await sumOf(world.pods, MISMATCHES), { '': routes.length });
    t.equal(warningsOf(world).length, routes.length);
    t.match(await sumOf(world.pods, 'session_verify_total'), {
      [`{result="foreign",source="${world.name}"}`]: routes.length,
    });
    const own = await ask(world, ['GET', '/session'], token, OWN);
    t.match(own.json(), { metadata: {}, version: 1 }, 'and nothing of it has changed');
    t.equal((await ask(world, ['GET', '/session'], token, UPDATED)).statusCode, 200);
    t.equal(cookieToken(await ask(world, ['POST', '/session/renew'], token, OWN)).split('.')[1], '2');
  },
  enforce,
);

inEveryWorld(
  'a device that is refused is not activity',
  async (t, world) => {
    const { token } = await world.login('ann', { headers: OWN });
    for (let i = 0; i < 3; i += 1) {
      await world.elapse(700 * SECOND);
      t.equal((await world.call('GET', '/session', { token, headers: FOREIGN })).statusCode, 401);
    }
    t.equal((await world.call('GET', '/session', { token, headers: OWN })).statusCode, 401, 'it ended by itself');
  },
  enforce,
);

inEveryWorld(
  'a logout ends the session whatever device asks for it',
  async (t, { call, login }) => {
    const { token } = await login('ann', { headers: OWN });
    t.equal((await call('POST', '/logout', { token, headers: FOREIGN })).statusCode, 204);
    t.equal((await call('GET', '/session', { token, headers: OWN })).statusCode, 401);
  },
  enforce,
);

inEveryWorld(
  'a login with somebody else’s cookie works, and does not end that session or carry it over',
  async (t, world) => {
    const { call, login } = world;
    const owners = await login('ann', { headers: OWN, form: { metadata: { cart: 'owners' } } });
    const visitors = cookieToken(await call('POST', '/session', { headers: OWN }));
    await call('PATCH', '/session', { token: visitors, headers: OWN, payload: { metadata: { cart: 'visitors' } } });
    for (const stolen of [owners.token, visitors]) {
      for (const name of ['ann', 'bob'] as const) {
        const foreign = await login(name, { token: stolen, headers: FOREIGN });
        t.equal(foreign.response.statusCode, 200);
        t.same(foreign.response.json().metadata, {});
        t.equal((await call('GET', '/session', { token: foreign.token, headers: FOREIGN })).statusCode, 200);
      }
      t.equal((await call('GET', '/session', { token: stolen, headers: OWN })).statusCode, 200);
    }
    const started = await call('POST', '/session', { token: owners.token, headers: FOREIGN });
    t.equal(started.statusCode, 201, 'an anonymous session of its own');
  },
  enforce,
);

inEveryWorld(
  'a session of a device that is not known is bound to none',
  async (t, { call }) => {
    const key = 'a-service-key-of-the-tests-0123456789';
    const headers = { authorization: `Bearer ${key}` };
    const start = async (device: object) =>
      (await call('POST', '/v1/sessions', { headers, payload: { userId: 'ann', device } })).json().token as string;
    const seen = async (token: string, headers: object) =>
      (await call('GET', '/session', { token, headers: { ...headers } })).statusCode;
    const unknown = await start({});
    t.same([await seen(unknown, OWN), await seen(unknown, FOREIGN)], [200, 200]);
    const known = await start({ userAgent: OWN['user-agent'] });
    t.same([await seen(known, UPDATED), await seen(known, FOREIGN)], [200, 401]);
    const asked = await call('POST', '/v1/sessions/introspect', { headers, payload: { token: known } });
    t.match(asked.json(), { active: true }, 'a service that asks is no device');
  },
  { ...enforce, SERVICE_KEYS: 'tests:a-service-key-of-the-tests-0123456789' },
);

/** From which address, with which X-Forwarded-For, and the address that counts. */
type Hop = [remoteAddress: string, forwarded: string | undefined, ip: string];
const hops: Record<string, Hop[]> = {
  '': [
    ['192.0.2.1', undefined, '192.0.2.1'],
    ['192.0.2.1', '203.0.113.7', '192.0.2.1'],
    ['127.0.0.1', '203.0.113.7', '127.0.0.1'],
  ],
  '10.0.0.0/8,loopback': [
    ['10.1.2.3', '203.0.113.7', '203.0.113.7'],
    ['127.0.0.1', '203.0.113.7', '203.0.113.7'],
    ['10.1.2.3', '198.51.100.1, 203.0.113.7', '203.0.113.7'],
    ['10.1.2.3', '198.51.100.1, 203.0.113.7, 10.9.9.9', '203.0.113.7'],
    ['192.0.2.1', '203.0.113.7', '192.0.2.1'],
    ['10.1.2.3', undefined, '10.1.2.3'],
  ],
  '1': [
    ['192.0.2.1', '198.51.100.1, 203.0.113.7', '203.0.113.7'],
    ['192.0.2.1', undefined, '192.0.2.1'],
  ],
};

for (const [TRUST_PROXY, cases] of Object.entries(hops)) {
  inEveryWorld(
    `TRUST_PROXY=${TRUST_PROXY || 'unset'}: an address is taken from trusted hops alone`,
    async (t, { login }) => {
      for (const [remoteAddress, forwarded, ip] of cases) {
        const headers = forwarded === undefined ? {} : { 'x-forwarded-for': forwarded };
        const { response } = await login('ann', { remoteAddress, headers });
        t.equal(response.json().device.ip, ip, `${remoteAddress} for ${forwarded}`);
      }
    },
    { TRUST_PROXY },
  );
}

inEveryWorld(
  'BINDING_NETWORK: the network of a session is that of a trusted hop, whatever a caller says',
  async (t, { call, login }) => {
    const proxied = (client: string) => ({ remoteAddress: '10.0.0.1', headers: { 'x-forwarded-for': client } });
    const direct = (client: string, said: string) => ({
      remoteAddress: client,
      headers: { 'x-forwarded-for': said },
    });
    const { token } = await login('ann', proxied('203.0.113.7'));
    const from = async (options: object): Promise<LightMyRequestResponse> =>
      call('GET', '/session', { token, ...options });
    t.equal((await from(proxied('203.0.113.99'))).statusCode, 200, 'the same network');
    t.equal((await from(proxied('::ffff:203.0.113.99'))).statusCode, 200, 'written as IPv6');
    t.equal((await from(proxied('198.51.100.7'))).statusCode, 401, 'another');
    t.equal((await from(proxied('203.0.113.7, 198.51.100.7'))).statusCode, 401, 'another that lies to the proxy');
    t.equal((await from(proxied('no address'))).statusCode, 401);
    t.equal((await from(direct('198.51.100.7', '203.0.113.7'))).statusCode, 401, 'past the proxy');
  },
  { ...enforce, BINDING_NETWORK: 'true', TRUST_PROXY: '10.0.0.0/8' },
);
