import t from 'tap';
import { loadConfig } from '../../../src/config/load.ts';
import { ConfigSchema } from '../../../src/config/schema.ts';

/** The warnings that variables add to those of an empty environment. */
function warningsFor(env: NodeJS.ProcessEnv): string[] {
  const usual = new Set(loadConfig({}).warnings);
  return loadConfig(env).warnings.filter((warning) => !usual.has(warning));
}

for (const [variable, setting] of [
  ['REDIS_ULR', 'REDIS_URL'],
  ['REDIS_URI', 'REDIS_URL'],
  ['REDISURL', 'REDIS_URL'],
  ['redis_url', 'REDIS_URL'],
  ['SESSION_IDLE_SECOND', 'SESSION_IDLE_SECONDS'],
  ['SESION_IDLE_SECONDS', 'SESSION_IDLE_SECONDS'],
  ['SESSION_SECRET', 'SESSION_SECRETS'],
  ['SESSIONS_SECRET', 'SESSION_SECRETS'],
  ['SERVICE_KEY', 'SERVICE_KEYS'],
  ['USER_FILE', 'USERS_FILE'],
  ['CREDENTIAL_URL', 'CREDENTIALS_URL'],
  ['COOKIE_SECUR', 'COOKIE_SECURE'],
  ['SHUTDOWN_GRACE_SECS', undefined],
] as const) {
  t.test(
    `${variable} ${setting ? `is reported as a near miss of ${setting}` : 'is too different to be reported'}`,
    async (t) => {
      const expected = setting === undefined ? [] : [`${variable} is not a setting; did you mean ${setting}?`];
      t.same(warningsFor({ [variable]: 'hush' }), expected);
      t.same(warningsFor({ [variable]: ' ' }), [], 'an empty value counts as unset');
    },
  );
}

t.test('a variable beside the setting it resembles is not reported', async (t) => {
  t.notMatch(loadConfig({ REDIS_URL: 'redis://a', REDIS_URI: 'redis://b' }).warnings.join(), 'REDIS_URI');
});

t.test('well-known variables are not reported', async (t) => {
  const names = [
    ...[
      'PATH',
      'HOME',
      'HOSTNAME',
      'HOSTTYPE',
      'POST',
      'PORTS',
      'Host',
      'USER',
      'USERS',
      'USERNAME',
      'LOGNAME',
      'SHELL',
    ],
    ...[
      'LANG',
      'TERM',
      'PWD',
      'OLDPWD',
      'TZ',
      'CI',
      'DEBUG',
      'NODE_ENV',
      'NODE_OPTIONS',
      'NODE_VERSION',
      'YARN_VERSION',
    ],
    ...[
      'SESSION_MANAGER',
      'DESKTOP_SESSION',
      'XDG_SESSION_ID',
      'XDG_SESSION_TYPE',
      'DBUS_SESSION_BUS_ADDRESS',
      'SESSIONNAME',
    ],
    ...['npm_config_loglevel', 'npm_lifecycle_event', 'npm_package_name', 'INIT_CWD', 'NODE', 'COLORTERM', 'LS_COLORS'],
    ...['KUBERNETES_PORT', 'KUBERNETES_SERVICE_HOST', 'KUBERNETES_PORT_443_TCP', 'KUBERNETES_PORT_443_TCP_ADDR'],
    ...['REDIS_PORT', 'REDIS_HOST', 'REDIS_PASSWORD', 'REDIS_NAME', 'REDIS_ENV_REDIS_VERSION', 'REDIS_TLS_URL'],
    ...['REDIS_PORT_6379_TCP', 'REDIS_PORT_6379_TCP_ADDR', 'REDIS_SERVICE_HOST', 'REDIS_SERVICE_PORT', 'REDISCLI_AUTH'],
    ...['SESSION_PORT', 'SESSION_SERVICE_HOST', 'SESSIOND_PORT', 'LOGIN_PORT', 'LOGIN_SERVICE_PORT', 'METRICS_PORT'],
    ...['POSTGRES_URL', 'MYSQL_URL', 'MONGO_URL', 'AWS_REGION', 'HTTP_PROXY', 'no_proxy', 'SSL_CERT_FILE'],
    ...['OTEL_SERVICE_NAME', 'OTEL_EXPORTER_OTLP_HEADERS', 'KAFKA_HOST', 'LOGS_DIR', 'TRUSTED_PROXIES'],
  ];
  t.same(warningsFor(Object.fromEntries(names.map((name) => [name, '1']))), []);
});

t.test('settings of later versions are reported as such', async (t) => {
  const names = [
    ...['EVENTS_MAX', 'WEBHOOKS', 'WEBHOOK_SECRETS', 'KAFKA_BROKERS', 'KAFKA_TOPIC', 'KAFKA_TLS', 'KAFKA_SASL'],
    ...['DATABASE_URL', 'DATABASE_CONFIRM', 'HISTORY_SECONDS', 'PUBLIC_URL', 'ACCESS_TOKEN_SECONDS'],
    ...['ACCESS_TOKEN_AUDIENCES', 'ASSERTION_AUDIENCE', 'EDGE_OF', 'EDGE_KEY', 'OIDC_ISSUER', 'OIDC_CLIENT_SECRET'],
    ...['OIDC_PROVIDERS', 'OIDC_GOOGLE_ISSUER', 'COOKIE_SAMESITE', 'COOKIE_DOMAIN', 'BRAND_NAME', 'BRAND_LOGO', 'DBSC'],
    ...['DBSC_SECONDS', 'OTEL_EXPORTER_OTLP_ENDPOINT'],
  ].filter((name) => !(name in ConfigSchema.properties));
  t.same(
    warningsFor(Object.fromEntries(names.map((name) => [name, 'hush']))),
    names.map((name) => `${name} has no effect in this version yet.`),
  );
});
