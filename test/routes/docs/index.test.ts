import { readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createConfig, lintFromString } from '@redocly/openapi-core';
import type { HTTPMethods } from 'fastify';
import t from 'tap';
import { errors } from '../../../src/http/errors.ts';
import { build } from '../../support/build.ts';

const ROUTES = join(import.meta.dirname, '../../../routes');
/** Pages for people, which are no part of the API. */
const PAGES = ['/docs', '/login.html'];
const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const satisfies HTTPMethods[];

type Document = Record<'paths', Record<string, Record<string, Operation>>>;
type Operation = {
  readonly operationId: string;
  readonly requestBody?: object;
  readonly responses: Record<string, { content?: Record<string, { schema: { properties?: Codes } }> }>;
};
type Codes = { code?: { enum: (keyof typeof errors)[] } };

const { app } = await build(t);
const answer = await app.inject('/docs/json');
const document: Document = answer.json();
const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
);

t.test('the document is OpenAPI 3.1 and passes Redocly’s recommended rules', async (t) => {
  t.equal(answer.statusCode, 200);
  t.match(document, { openapi: /^3\.1\./ });
  const config = await createConfig({ extends: ['recommended'] });
  const problems = await lintFromString({ source: answer.body, config });
  const errors = problems.filter(({ severity }) => severity === 'error');
  t.same(
    errors.map(({ ruleId, message, location }) => `${ruleId}: ${message} ${location[0]?.pointer}`),
    [],
  );
});

t.test('every documented route is mounted, as it is written', async (t) => {
  for (const { path, method } of operations) {
    const url = path.replace(/\{(\w+)\}/g, ':$1');
    t.ok(app.hasRoute({ method: method as HTTPMethods, url }), `${method} ${path}`);
  }
});

t.test('every mounted route is documented', async (t) => {
  const files = await readdir(ROUTES, { recursive: true });
  const folders = files
    .filter((file) => file.endsWith('index.ts'))
    .map((file) => `/${dirname(file).replaceAll('/_', '/:')}`);
  t.ok(folders.length >= 10);
  for (const path of folders.filter((path) => !PAGES.includes(path))) {
    for (const [url, written] of [
      [path, path.replace(/:(\w+)/g, '{$1}')],
      [`${path}/:sessionId`, `${path}/{sessionId}`],
    ] as const) {
      for (const method of METHODS.filter((method) => app.hasRoute({ method, url }))) {
        t.ok(document.paths[written]?.[method.toLowerCase()], `${method} ${url}`);
      }
    }
  }
  for (const path of folders) {
    const mounted = METHODS.some((method) =>
      ['', '/', '/*'].some((end) => app.hasRoute({ method, url: `${path}${end}` })),
    );
    t.ok(mounted, `${path} is not an empty folder`);
  }
});

t.test('every operation has a name of its own and says what may go wrong', async (t) => {
  t.equal(new Set(operations.map(({ operation }) => operation.operationId)).size, operations.length);
  for (const { path, method, operation } of operations) {
    for (const [status, { content }] of Object.entries(operation.responses)) {
      const codes = content?.['application/json']?.schema.properties?.code?.enum ?? [];
      t.ok(
        codes.every((code) => String(errors[code][0]) === status),
        `${method} ${path} ${status} ${codes}`,
      );
    }
    t.ok(Object.keys(operation.responses).includes('500'));
  }
});

t.test('only routes that take a body document one', async (t) => {
  const withBody = operations.filter(({ operation }) => operation.requestBody !== undefined);
  t.same(withBody.map(({ method, path }) => `${method} ${path}`).sort(), [
    'PATCH /session',
    'PATCH /v1/sessions/{sessionId}',
    'POST /login',
    'POST /v1/sessions',
    'POST /v1/sessions/introspect',
    'POST /v1/sessions/introspect/batch',
    'PUT /v1/sessions/{sessionId}/lock',
  ]);
});

t.test('/docs is a page for people, with what the page needs', async (t) => {
  const page = await app.inject('/docs');
  t.equal(page.statusCode, 302);
  const opened = await app.inject(new URL(`${page.headers.location}`, 'http://localhost/docs').pathname);
  t.equal(opened.statusCode, 200);
  t.match(opened.headers['content-type'], /^text\/html/);
  t.match(opened.headers['content-security-policy'], /script-src/);
  t.equal(opened.headers['x-frame-options'], 'SAMEORIGIN');
  for (const [, asset] of opened.body.matchAll(/(?:src|href)="\.?\/?([^":]+)"/g)) {
    t.equal((await app.inject(`/docs/${asset}`)).statusCode, 200, `${asset}`);
  }
});
