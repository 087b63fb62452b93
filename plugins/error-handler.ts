import { STATUS_CODES } from 'node:http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import fp from 'fastify-plugin';
import { ApiError, codeOf, type ErrorCode, errors } from '../src/http/errors.ts';
import { SessionError } from '../src/session/errors.ts';

const RETRY_SECONDS = 1;

/** The codes whose errors say more than the table. */
const OWN_MESSAGE = new Set<ErrorCode>(['FST_ERR_VALIDATION', 'LOGIN_REFUSED']);

/** Turns every error into `{ statusCode, code, error, message }` by the table of codes. Set once, for all routes. */
export default fp(
  async (fastify) => {
    fastify.setErrorHandler(sendError);

    fastify.setNotFoundHandler(
      { preHandler: async (request: FastifyRequest) => fastify.limits.notFound(request) },
      async (request: FastifyRequest, reply: FastifyReply) => sendError(new ApiError('NOT_FOUND'), request, reply),
    );
  },
  { name: 'error-handler', dependencies: ['rate-limit', 'shedding'] },
);

/** Sends an error's code, status and sentence. The cause of a 5xx goes to the log only. */
function sendError(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const code = codeOf(error);
  const [statusCode, sentence] = errors[code];
  // A validation message names the invalid property, and no value.
  const message = OWN_MESSAGE.has(code) ? (error as Error).message : sentence;
  if (statusCode >= 500 && !request.shed && !isKnownOutage(error))
    request.log.error({ reqId: request.id, err: error, code }, 'request failed');
  const { retryAfter, reason } = error instanceof ApiError ? error : {};
  // RFC 9110, 11.6.1
  if (statusCode === 401) reply.header('www-authenticate', 'Bearer');
  if (retryAfter !== undefined || statusCode === 503) reply.header('retry-after', retryAfter ?? RETRY_SECONDS);
  return reply
    .code(statusCode)
    .header('cache-control', 'no-store')
    .type('application/json; charset=utf-8')
    .send({ statusCode, code, error: STATUS_CODES[statusCode], message, reason });
}

/** Whether the outage has been logged already: it is logged once, not for each request. */
function isKnownOutage(error: unknown): boolean {
  return error instanceof SessionError && error.code === 'STORE_UNAVAILABLE' && error.cause === undefined;
}
