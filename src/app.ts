import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import fastifyAutoload from '@fastify/autoload';
import { Ajv } from 'ajv';
import Fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifySchemaValidationError,
  LogController,
} from 'fastify';
import { type Config, trustedProxies } from './config/load.ts';
import { ApiError, type ErrorCode, errors } from './http/errors.ts';
import { requestIds } from './http/request-id.ts';

const ROOT = join(import.meta.dirname, '..');
const BODY_LIMIT = 32 * 1024;
const MAX_PARAM_LENGTH = 1024;
// How long a request may take to arrive, and how often Node looks for late ones. Responses that nobody reads are the
// business of src/http/connections.ts.
const REQUEST_TIMEOUT_MS = 15_000;
const HEADERS_TIMEOUT_MS = 10_000;
const CHECKING_INTERVAL_MS = 1000;
// Longer than load balancers keep an idle connection (60 s), so that it is them who close it, and never a request on it.
const KEEP_ALIVE_TIMEOUT_MS = 72_000;

export interface AppOverrides {
  readonly logger: FastifyBaseLogger;
  /** This pod's clock, epoch milliseconds. */
  readonly now?: () => number;
  /** How long a command of Redis may take, milliseconds; tests on a busy machine are patient. */
  readonly deadlineMs?: number | undefined;
}

/**
 * Builds the service; it does not listen yet. Nothing in here reads the environment.
 *
 * @throws what a plugin throws that can't start: a users file that can't be read, for one
 */
export async function buildApp(config: Config, { logger, now, deadlineMs }: AppOverrides): Promise<FastifyInstance> {
  const app: FastifyInstance = Fastify({
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: requestIds(),
    trustProxy: trustedProxies(config),
    bodyLimit: BODY_LIMIT,
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    http: { headersTimeout: HEADERS_TIMEOUT_MS, connectionsCheckingInterval: CHECKING_INTERVAL_MS },
    routerOptions: { maxParamLength: MAX_PARAM_LENGTH },
    clientErrorHandler: (error, socket) => refuseUnparsed(error, socket as Socket),
    // A path that can't be decoded fails before there is a route.
    frameworkErrors: (error, request, reply) => app.errorHandler(error, request as never, reply as never),
    schemaErrorFormatter: ([first], part) => {
      const name = first?.params.additionalProperty;
      const which = typeof name === 'string' ? ` (${name.slice(0, 64)})` : '';
      return new Error(`${part}${first?.instancePath ?? ''} ${first?.message ?? 'is not valid'}${which}`);
    },
    forceCloseConnections: 'idle',
    // What arrives on an open connection while closing is answered like any other request.
    return503OnClosing: false,
  });

  // Fastify gets no logger: a child logger and listeners for each request would cost a fifth of an empty route.
  // plugins/request-log.ts writes the request log, and log lines about a request carry its id.
  app.log = logger;
  app.setChildLoggerFactory(() => logger);
  refuseWhatIsNotAskedFor(app);
  app.addHook('onRequest', (request, reply, done) => {
    reply.header('x-content-type-options', 'nosniff').header('x-request-id', request.id);
    done();
  });

  // The folders are the list: each plugin names those it needs, each folder of routes is a path.
  await app.register(fastifyAutoload, {
    dir: join(ROOT, 'plugins'),
    options: { config, now, deadlineMs },
    forceESM: true,
  });
  await app.register(fastifyAutoload, {
    dir: join(ROOT, 'routes'),
    forceESM: true,
    routeParams: true,
    // A folder's autohooks.ts holds for all below it: of routes/v1, that only services get in.
    autoHooks: true,
    cascadeHooks: true,
    ignorePattern: /schemas\.ts$/,
  });
  return app;
}

/** Bodies are taken as they are, unknown properties refused; text of URLs and headers is read as the wanted type. */
function refuseWhatIsNotAskedFor(app: FastifyInstance): void {
  // Half a surrogate pair can't be told from another half once it is UTF-8.
  const formats = { password: true, 'well-formed': (text: string) => text.isWellFormed() } as const;
  const asSent = new Ajv({ formats });
  const asText = new Ajv({ formats, coerceTypes: true });
  app.setValidatorCompiler(({ schema, httpPart }) => {
    if (httpPart === 'body') return asSent.compile(schema as object);
    const validate = asText.compile(schema as object);
    return httpPart === 'querystring' ? digitsOnly(schema as QuerySchema, validate) : validate;
  });

  // Many clients name the content type on every request; an empty body is no body.
  const parseJson = app.getDefaultJsonParser('error', 'error');
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    if (body === '') done(null, undefined);
    else {
      void parseJson(request, body as string, (error: Error | null, parsed?: unknown) => {
        if (error === null && MAYBE_INFINITE.test(body as string) && hasInfinite(parsed)) {
          done(new ApiError('FST_ERR_CTP_INVALID_JSON_BODY'));
        } else done(error, parsed);
      });
    }
  });
  app.removeContentTypeParser('text/plain');
}

type QuerySchema = {
  readonly required?: readonly string[];
  readonly properties?: Record<string, { readonly type?: string }>;
};

/** Ajv takes `1e2` for the integer 100; a query string has digits. */
function digitsOnly(schema: QuerySchema, validate: ReturnType<Ajv['compile']>) {
  const integers = Object.keys(schema.properties ?? {}).filter((name) => schema.properties?.[name]?.type === 'integer');
  const isOptional =
    schema.required === undefined &&
    Object.values(schema.properties ?? {}).every((property) => !('default' in property));
  function check(query: Record<string, unknown>) {
    if (isOptional && Object.keys(query).length === 0) return true;
    const wrong = integers.find((name) => typeof query[name] === 'string' && !/^-?\d+$/.test(query[name]));
    if (wrong !== undefined) return { error: new Error(`querystring/${wrong} must be integer`) };
    const valid = validate(query) === true;
    check.errors = validate.errors as FastifySchemaValidationError[] | null;
    return valid;
  }
  check.errors = null as FastifySchemaValidationError[] | null;
  return check;
}

// JSON.parse makes Infinity of numbers beyond 1.8e308, and JSON.stringify null of that.
const MAYBE_INFINITE = /[eE]\+?\d{3}|\d{309}/;

function hasInfinite(json: unknown): boolean {
  const open = [json];
  while (open.length > 0) {
    const value = open.pop();
    if (value === Number.POSITIVE_INFINITY || value === Number.NEGATIVE_INFINITY) return true;
    if (typeof value === 'object' && value !== null) for (const one of Object.values(value)) open.push(one);
  }
  return false;
}

/** Answers what never became a request: a broken or oversized header, a request that does not come to its end. */
function refuseUnparsed({ code: cause }: NodeJS.ErrnoException, socket: Socket): void {
  if (cause === 'ECONNRESET' || !socket.writable) return;
  const code: ErrorCode =
    cause === 'HPE_HEADER_OVERFLOW'
      ? 'HEADERS_TOO_LARGE'
      : cause === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? 'REQUEST_TIMEOUT'
        : 'BAD_REQUEST';
  const [statusCode, message] = errors[code];
  const error = STATUS_CODES[statusCode];
  const body = JSON.stringify({ statusCode, code, error, message });
  socket.end(
    `HTTP/1.1 ${statusCode} ${error}\r\nContent-Type: application/json\r\nConnection: close\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}
