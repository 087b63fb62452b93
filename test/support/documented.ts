import { Ajv2020, type AnySchema, type ValidateFunction } from 'ajv/dist/2020.js';
import type { FastifyInstance, LightMyRequestResponse } from 'fastify';

interface Operation {
  readonly responses: Record<string, { content?: Record<string, { schema: AnySchema }> }>;
}

const ajv = new Ajv2020({ strict: false });
const compiled = new WeakMap<object, ValidateFunction>();

/** The documented operation of a request, if the document has its path. */
function operationOf(app: FastifyInstance, method: string, url: string): Operation | undefined {
  const paths = app.swagger().paths as Record<string, Record<string, Operation>>;
  const path = (url.split('?', 1)[0] as string).replace(/(.)\/$/, '$1');
  const template = Object.hasOwn(paths, path)
    ? path
    : Object.keys(paths).find((key) =>
        new RegExp(`^${key.replace(/\{[^}]+\}/g, (_, at) => (at > 0 ? '[^/]+' : ''))}$`).test(path),
      );
  return template === undefined ? undefined : paths[template]?.[method.toLowerCase()];
}

/** Holds an answer against the OpenAPI document. @throws saying what the document does not know of it */
export function holdAgainstDocument(app: FastifyInstance, method: string, url: string, answer: LightMyRequestResponse) {
  const operation = operationOf(app, method, url);
  if (operation === undefined) return;
  const what = `${method} ${url.slice(0, 80)} answered ${answer.statusCode} ${answer.body.slice(0, 200)}`;
  const documented = operation.responses[answer.statusCode];
  if (documented === undefined) throw new Error(`${what}: the status is not documented`);
  const schema = documented.content?.['application/json']?.schema;
  if (schema === undefined || typeof schema !== 'object') return;
  const validate = compiled.get(schema) ?? ajv.compile(schema);
  compiled.set(schema, validate);
  if (!validate(answer.json())) throw new Error(`${what}: ${ajv.errorsText(validate.errors)}`);
}
