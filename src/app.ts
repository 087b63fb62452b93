import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import fastifyAutoload from '@fastify/autoload';
import { Ajv } from 'ajv';
import Fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify';
import { type Config, trustedProxies } from './config/load.ts';
import { type ErrorCode, errors } from './http/errors.ts';

const ROOT = join(import.meta.dirname, '..');
const BODY_LIMIT = 32 * 1024;
const MAX_PARAM_LENGTH = 1024;
// How long a request may take to arrive, a connection may be silent while something is under way, and how often Node
// looks for requests that are late.
const REQUEST_TIMEOUT_MS = 15_000;
const HEADERS_TIMEOUT_MS = 10_000;
const SILENCE_TIMEOUT_MS = 15_000;
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
 * Puts the service together; it does not listen yet. Nothing in here reads the environment.
 *
 * @throws what a plugin throws that can't start: a users file that can't be read, for one
 */
export async function buildApp(config: Config, { logger, now, deadlineMs }: AppOverrides): Promise<FastifyInstance> {
  const app: FastifyInstance = Fastify({
    logController: new LogController({ disableRequestLogging: true }),
    trustProxy: trustedProxies(config),
    bodyLimit: BODY_LIMIT,
    requestTimeout: REQUEST_TIMEOUT_MS,
    connectionTimeout: SILENCE_TIMEOUT_MS,
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

  // Given a logger, Fastify makes a child of it for each request and listens to the end of each answer: a fifth of what
  // an empty route costs. plugins/request-log.ts logs what is worth a line, and lines about a request name it themselves.
  app.log = logger;
  app.setChildLoggerFactory(() => logger);
  refuseWhatIsNotAskedFor(app);
  app.addHook('onRequest', (_request, reply, done) => {
    reply.header('x-content-type-options', 'nosniff');
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
  app.setValidatorCompiler(({ schema, httpPart }) => (httpPart === 'body' ? asSent : asText).compile(schema as object));

  // Many clients name the content type on every request; an empty body is no body.
  const parseJson = app.getDefaultJsonParser('error', 'error');
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    if (body === '') done(null, undefined);
    else void parseJson(request, body as string, done);
  });
  app.removeContentTypeParser('text/plain');
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
