import t from 'tap';
import { SCOPES } from '../../../src/http/scopes.ts';
import { build } from '../../support/build.ts';

const key = (name: string) => `the-key-of-${name}-0123456789-0123456789-0123`;
const METHODS = ['get', 'post', 'put', 'patch', 'delete'] as const;

const { app } = await build(t, {
  SERVICE_KEYS: [...SCOPES, 'all', 'two'].map((name) => `${name}:${key(name)}`).join(),
  SERVICE_SCOPES: [...SCOPES.map((scope) => `${scope}=${scope}`), 'two=verify+users'].join(),
});

type Operation = { readonly security?: { readonly service?: string[] }[] };
const operations = Object.entries(app.swagger().paths as Record<string, Record<string, Operation>>)
  .filter(([path]) => path.startsWith('/v1'))
  .flatMap(([path, byMethod]) =>
    METHODS.filter((method) => method in byMethod).map((method) => ({
      method,
      path,
      url: path.replace(/\{.*?\}/g, 'x'),
      scope: byMethod[method]?.security?.[0]?.service?.[0] ?? '',
    })),
  );

const EXPECTED: Record<string, string> = {
  'POST /v1/sessions/introspect': 'verify',
  'POST /v1/sessions/introspect/batch': 'verify',
  'GET /v1/users/{userId}/sessions': 'users',
  'DELETE /v1/users/{userId}/sessions': 'users',
  'GET /v1/stats': 'users',
};

t.ok(operations.length >= 12, `${operations.length} operations`);

for (const { method, path, url, scope } of operations) {
  t.test(`${method.toUpperCase()} ${path} needs the scope ${scope}`, async (t) => {
    t.equal(scope, EXPECTED[`${method.toUpperCase()} ${path}`] ?? 'sessions');
    for (const name of [...SCOPES, 'all', 'two']) {
      const allowed = name === scope || name === 'all' || (name === 'two' && scope !== 'sessions');
      const answer = await app.inject({ method, url, headers: { authorization: `Bearer ${key(name)}` } });
      if (allowed) t.not(answer.statusCode, 403, name);
      else t.match(answer.json(), { statusCode: 403, code: 'SCOPE_REQUIRED' }, name);
    }
  });
}
