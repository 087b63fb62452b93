import t from 'tap';
import { ConfigError } from '../../../src/config/faults.ts';
import { type Config, loadConfig, trustedProxies } from '../../../src/config/load.ts';

const SECRET = 'a-secret-of-exactly-32-characters';
const complete = {
  NODE_ENV: 'production',
  SESSION_SECRETS: SECRET,
  REDIS_URL: 'redis://redis:6379',
  USERS_FILE: '/etc/users',
};

const load = (env: NodeJS.ProcessEnv): Config => loadConfig(env).config;

/** The faults that loading an environment reports; empty when it loads. */
function faultsOf(env: NodeJS.ProcessEnv): string[] {
  try {
    loadConfig(env);
  } catch (error) {
    if (error instanceof ConfigError) return error.message.split('\n').slice(1);
    throw error;
  }
  return [];
}

t.test('an empty environment has the defaults', async (t) => {
  const { SESSION_SECRETS: secrets, ...rest } = load({});
  t.strictSame(rest, {
    HOST: '127.0.0.1',
    PORT: 3000,
    LOG_LEVEL: 'info',
    TRUST_PROXY: [],
    ALLOWED_ORIGINS: [],
    COOKIE_SECURE: true,
    SERVICE_KEYS: [],
    SERVICE_SCOPES: [],
    SESSION_IDLE_SECONDS: 1800,
    SESSION_ABSOLUTE_SECONDS: 86_400,
    REMEMBER_IDLE_SECONDS: 1_209_600,
    REMEMBER_ABSOLUTE_SECONDS: 2_592_000,
    SESSION_TOUCH_SECONDS: 60,
    RENEW_GRACE_SECONDS: 10,
    MAX_SESSIONS_PER_USER: 100,
    SESSION_LIMIT_POLICY: 'evict-oldest',
    BINDING: 'off',
    BINDING_NETWORK: false,
    LOGIN_RATE_MAX: 10,
    LOGIN_RATE_MAX_PER_ADDRESS: 100,
    LOGIN_RATE_WINDOW_SECONDS: 60,
    CREDENTIALS_TIMEOUT_MS: 2000,
    CLAIM_HEADERS: [],
    LOGIN_PAGE: true,
    REDIS_PREFIX: 'sd',
    REDIS_WAIT_REPLICAS: 0,
    NEAR_CACHE_MAX: 100_000,
    DEGRADED_VERIFY_SECONDS: 0,
    SHUTDOWN_GRACE_SECONDS: 10,
    production: false,
    demoUser: true,
  });
  t.equal(secrets.length, 1);
  t.ok((secrets[0] as string).length >= 32, 'a random secret');
  t.notSame(secrets, load({}).SESSION_SECRETS, 'a different one each time');
});

const good: [string, string, unknown][] = [
  ['PORT', '0', 0],
  ['PORT', ' 8080 ', 8080],
  ['PORT', '', 3000],
  ['HOST', '  ', '127.0.0.1'],
  ['COOKIE_SECURE', 'false', false],
  ['COOKIE_SECURE', 'TRUE', true],
  ['SESSION_SECRETS', `${SECRET}1, ${SECRET}2`, [`${SECRET}1`, `${SECRET}2`]],
  ['ALLOWED_ORIGINS', 'https://a.example,http://b:8080', ['https://a.example', 'http://b:8080']],
  ['TRUST_PROXY', '10.0.0.0/8, ::1, loopback', ['10.0.0.0/8', '::1', 'loopback']],
  ['METRICS_TOKEN', '1234567890123456', '1234567890123456'],
  ['USERS_FILE', '', undefined],
  ['SESSION_TOUCH_SECONDS', '0', 0],
  ['SESSION_LIMIT_POLICY', 'reject', 'reject'],
  ['REDIS_URL', 'rediss://u:p%40ss@redis.example:6380/1', 'rediss://u:p%40ss@redis.example:6380/1'],
  ['REDIS_URL', 'redis+cluster://u:p@h1:7000,h2:7001', 'redis+cluster://u:p@h1:7000,h2:7001'],
  ['REDIS_URL', 'rediss+sentinel://u:p@h1,h2:26380/main/1', 'rediss+sentinel://u:p@h1,h2:26380/main/1'],
  ['SERVICE_KEYS', `shop:${SECRET}, crm:${SECRET}2`, [`shop:${SECRET}`, `crm:${SECRET}2`]],
];

for (const [name, value, expected] of good) {
  t.test(`${name}=${value} is accepted`, async (t) => {
    t.strictSame(load({ [name]: value })[name as keyof Config], expected);
  });
}

const bad: [string, string, RegExp][] = [
  ['PORT', 'hush', /integer/],
  ['PORT', '70000', /65535/],
  ['PORT', '80.9', /integer/],
  ['PORT', '0x50', /integer/],
  ['PORT', 'true', /integer/],
  ['LOG_LEVEL', 'hush', /one of fatal, error, warn, info, debug, trace, silent/],
  ['COOKIE_SECURE', 'hush', /true or false$/],
  ['SESSION_SECRETS', `${SECRET},hush`, /item 2.*32 characters or more$/],
  ['SESSION_SECRETS', `${SECRET},`, /item 2/],
  ['ALLOWED_ORIGINS', 'https://hush/', /https:\/\/app\.example/],
  ['ALLOWED_ORIGINS', '*', /https:\/\/app\.example/],
  ['SESSION_IDLE_SECONDS', '0', /expected seconds, an integer from 1 to 31536000$/],
  ['SESSION_IDLE_SECONDS', '30m', /expected seconds, an integer/],
  ['SESSION_IDLE_SECONDS', '86401', /SESSION_ABSOLUTE_SECONDS/],
  ['REMEMBER_IDLE_SECONDS', '2592001', /REMEMBER_ABSOLUTE_SECONDS/],
  ['MAX_SESSIONS_PER_USER', '0', /1/],
  ['SESSION_LIMIT_POLICY', 'hush', /one of evict-oldest, evict-least-recent, reject/],
  ['LOGIN_RATE_MAX', '99999999999999999999', /integer/],
  ['CREDENTIALS_TIMEOUT_MS', '2s', /expected milliseconds, an integer from 100 to 30000$/],
  ['CREDENTIALS_URL', 'ftp://hush', /http:\/\/ or https:\/\//],
  ['CREDENTIALS_URL', 'http://name:hush@[', /valid URL/],
  ['CREDENTIALS_URL', 'http://name:hush%E0@host', /valid URL/],
  ['REDIS_URL', 'localhost:6379', /rediss:/],
  ['REDIS_URL', 'redis://name:hush@host:port', /redis\+cluster:/],
  ['SERVICE_KEYS', 'hush', /<name>:<key/],
  ['SERVICE_KEYS', `shop:${SECRET},hush:short`, /item 2/],
  ['REDIS_URL', 'redis://name:hush%E0@host', /redis\+cluster:/],
  ['REDIS_URL', 'redis://hush-1,hush-2', /redis\+cluster:/],
  ['REDIS_PREFIX', 'hush {}', /A-Z/],
  ['METRICS_TOKEN', 'hush', /16/],
  ['SHUTDOWN_GRACE_SECONDS', '86401', /expected seconds, an integer from 0 to 86400$/],
  ['NEAR_CACHE_MAX', '-1', /expected an integer from 0 to 10000000$/],
  ['TRUST_PROXY', 'true', /hops/],
  ['TRUST_PROXY', '1,2', /hops/],
  ['TRUST_PROXY', 'false,loopback', /hops/],
  ['TRUST_PROXY', '10.0.0.0/33', /networks/],
  ['TRUST_PROXY', '10.0.0.0/8/8', /networks/],
];

for (const [name, value, expected] of bad) {
  t.test(`${name}=${value} is rejected: the message names the setting and does not contain the value`, async (t) => {
    const faults = faultsOf({ [name]: value });
    t.equal(faults.length, 1);
    t.match(faults[0], new RegExp(`^ {2}- ${name}`));
    t.match(faults[0], expected);
    t.notMatch(faults[0], /hush/);
  });
}

t.test('one message names every invalid setting', async (t) => {
  const faults = faultsOf(Object.fromEntries(bad.map(([name, value]) => [name, value])));
  const names = new Set(bad.map(([name]) => name));
  for (const name of names)
    t.ok(
      faults.some((fault) => fault.startsWith(`  - ${name}`)),
      name,
    );
  t.equal(faults.length, names.size);
});

const timeouts: [env: Record<string, string>, idle: number, absolute: number][] = [
  [{ SESSION_PROFILE: '' }, 1800, 86_400],
  [{ SESSION_PROFILE: 'aal1' }, 2_592_000, 2_592_000],
  [{ SESSION_PROFILE: 'aal2' }, 3600, 86_400],
  [{ SESSION_PROFILE: 'aal3' }, 900, 43_200],
  [{ SESSION_PROFILE: 'aal2', SESSION_IDLE_SECONDS: '3600', SESSION_ABSOLUTE_SECONDS: '86400' }, 3600, 86_400],
  [{ SESSION_PROFILE: 'aal2', SESSION_IDLE_SECONDS: '600' }, 600, 86_400],
  [{ SESSION_PROFILE: 'aal3', SESSION_ABSOLUTE_SECONDS: '3600' }, 900, 3600],
];

for (const [env, idle, absolute] of timeouts) {
  t.test(`timeouts of ${JSON.stringify(env)}: ${idle} s and ${absolute} s`, async (t) => {
    t.match(load(env), { SESSION_IDLE_SECONDS: idle, SESSION_ABSOLUTE_SECONDS: absolute });
  });
}

for (const [SESSION_PROFILE, name, value] of [
  ['aal1', 'SESSION_IDLE_SECONDS', '2592001'],
  ['aal1', 'SESSION_ABSOLUTE_SECONDS', '2592001'],
  ['aal2', 'SESSION_IDLE_SECONDS', '3601'],
  ['aal2', 'SESSION_ABSOLUTE_SECONDS', '86401'],
  ['aal3', 'SESSION_IDLE_SECONDS', '901'],
  ['aal3', 'SESSION_ABSOLUTE_SECONDS', '43201'],
  ['aal2', 'REMEMBER_IDLE_SECONDS', '3601'],
  ['aal2', 'REMEMBER_ABSOLUTE_SECONDS', '86401'],
] as const) {
  t.test(`${name}=${value} exceeds the limit of ${SESSION_PROFILE} and is rejected`, async (t) => {
    const faults = faultsOf({ SESSION_PROFILE, [name]: value }).filter((fault) => fault.includes('SESSION_PROFILE'));
    t.match(faults, [new RegExp(`${name}: expected seconds, at most ${Number(value) - 1}`)]);
  });
}

t.test('a profile limits the timeouts of remembered sessions too', async (t) => {
  t.match(load({ SESSION_PROFILE: 'aal2' }), { REMEMBER_IDLE_SECONDS: 3600, REMEMBER_ABSOLUTE_SECONDS: 86_400 });
  t.match(load({ SESSION_PROFILE: 'aal2', REMEMBER_IDLE_SECONDS: '600' }), { REMEMBER_IDLE_SECONDS: 600 });
});

t.test('an unknown profile is rejected', async (t) => {
  t.match(faultsOf({ SESSION_PROFILE: 'aal4' }), [/SESSION_PROFILE: expected one of aal1, aal2, aal3/]);
});

t.test('USERS_FILE and CREDENTIALS_URL exclude each other', async (t) => {
  t.match(faultsOf({ USERS_FILE: 'users', CREDENTIALS_URL: 'http://a' }), [/USERS_FILE and CREDENTIALS_URL/]);
});

t.test('production requires secrets, Redis and users', async (t) => {
  t.match(faultsOf({ NODE_ENV: 'production' }), [/SESSION_SECRETS/, /REDIS_URL/, /USERS_FILE or CREDENTIALS_URL/]);
  t.match(faultsOf({ ...complete, SESSION_SECRETS: '' }), [/SESSION_SECRETS/], 'an empty value counts as unset');
  t.match(faultsOf({ ...complete, REDIS_URL: ' ', PORT: 'x' }), [/PORT/, /REDIS_URL/], 'along with other faults');
  t.match(load(complete), { production: true, demoUser: false, LOGIN_PAGE: false });
  t.match(load({ ...complete, LOGIN_PAGE: 'true' }), { LOGIN_PAGE: true }, 'the login page can be turned on');
  t.match(load({ ...complete, USERS_FILE: '', CREDENTIALS_URL: 'http://a' }), { demoUser: false });
  t.same(loadConfig(complete).warnings, [], 'no warnings');
});

for (const NODE_ENV of [
  ...[
    'prod',
    'Prod',
    'PROD',
    'prd',
    'Production',
    'PRODUCTION',
    ' production',
    'production ',
    '"production"',
    "'prod'",
  ],
  ...['produciton', 'prodution', 'productive', 'production-eu', 'prod_eu', 'live', 'LIVE', 'live-2'],
]) {
  t.test(`NODE_ENV=${NODE_ENV} is rejected: it resembles production`, async (t) => {
    t.match(faultsOf({ ...complete, NODE_ENV }), [/NODE_ENV: expected production in exactly this spelling/]);
    t.match(faultsOf({ NODE_ENV }), [/NODE_ENV/, /SESSION_SECRETS/, /REDIS_URL/, /USERS_FILE/], 'with all faults');
  });
}

for (const NODE_ENV of ['', 'development', 'dev', 'test', 'staging', 'preprod', 'pre-production', 'nonprod', 'e2e']) {
  t.test(`NODE_ENV=${NODE_ENV} is accepted`, async (t) => {
    t.match(load({ NODE_ENV }), { production: false, demoUser: true });
  });
}

for (const [host, demoUser] of Object.entries({
  '127.0.0.1': true,
  '127.9.9.9': true,
  '::1': true,
  localhost: true,
  '0.0.0.0': false,
  '::': false,
  '192.0.2.1': false,
  '127.example': false,
})) {
  t.test(`on ${host} there is ${demoUser ? 'a' : 'no'} demo user, and a warning is logged`, async (t) => {
    const { config, warnings } = loadConfig({ HOST: host });
    t.equal(config.demoUser, demoUser);
    t.ok(warnings.some((warning) => warning.includes(demoUser ? 'demo-password' : 'nobody can log in')));
    t.equal(load({ HOST: host, USERS_FILE: 'users' }).demoUser, false, 'not with real users');
  });
}

t.test('there is a warning for every assumption and for settings without effect', async (t) => {
  const { warnings } = loadConfig({ DATABASE_URL: 'postgres://u:hush@h/d' });
  t.match(warnings, [/DATABASE_URL has no effect/, /SESSION_SECRETS/, /demo/, /REDIS_URL/]);
  t.notMatch(warnings.join(), /hush/);
});

t.test('the settings are frozen', async (t) => {
  t.throws(() => Object.assign(load({}), { PORT: 1 }), TypeError);
  t.throws(() => (load({}).SESSION_SECRETS as string[]).push('x'), TypeError, 'lists too');
});

t.test('TRUST_PROXY is converted for Fastify', async (t) => {
  const trusted = (TRUST_PROXY: string) => trustedProxies(load({ TRUST_PROXY }));
  t.equal(trusted(''), false);
  t.equal(trusted('false'), false);
  t.same(trusted('10.0.0.0/8,loopback'), ['10.0.0.0/8', 'loopback']);
  const hops = trusted('2') as (address: string, hop: number) => boolean;
  t.same(
    [0, 1, 2].map((hop) => hops('192.0.2.1', hop)),
    [true, true, false],
  );
});

t.test('CLAIM_HEADERS names claims, each with a header of its own', async (t) => {
  t.same(load({ CLAIM_HEADERS: 'role, email_verified' }).CLAIM_HEADERS, ['role', 'email_verified']);
  for (const name of ['a b', 'ü', '_role', 'role-', 'a:b', 'x'.repeat(65)]) {
    t.match(faultsOf({ CLAIM_HEADERS: `role,${name}` }), [/CLAIM_HEADERS \(item 2\): expected names of claims/]);
  }
  for (const names of ['role,Role', 'is-admin,is_admin', 'role,role']) {
    t.match(faultsOf({ CLAIM_HEADERS: names }), [/CLAIM_HEADERS \(item 2\): expected a name with a header of its own/]);
  }
});

t.test('SERVICE_SCOPES names services of SERVICE_KEYS, once each, and known scopes', async (t) => {
  const SERVICE_KEYS = `edge1:${'e'.repeat(32)},shop:${'s'.repeat(32)}`;
  const scopes = (SERVICE_SCOPES: string) => faultsOf({ SERVICE_KEYS, SERVICE_SCOPES });
  t.same(scopes('edge1=verify,shop=verify+sessions'), []);
  t.match(scopes('edge1=verify,crm=users'), [/SERVICE_SCOPES \(item 2\): expected the name of a service/]);
  t.match(scopes('edge1=verify+admin'), [/SERVICE_SCOPES \(item 1\): expected scopes among verify, sessions, users/]);
  t.match(scopes('edge1=verify,edge1=users'), [/SERVICE_SCOPES \(item 2\): expected one item for each service/]);
  t.match(scopes('edge1'), [/SERVICE_SCOPES \(item 1\): expected <name>=<scope>/]);
});
