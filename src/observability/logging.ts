import type { LoggerOptions } from 'pino';
import { withoutTokens } from '../session/token.ts';

/** Returns pino's options: JSON lines, times in UTC, and no headers, bodies or query strings of requests. */
export function loggerOptions(level: string): LoggerOptions {
  return {
    level,
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label) => ({ level: label }) },
    // No code logs these properties. They are redacted in case some does.
    redact: {
      paths: ['cookie', 'authorization', 'password', 'token'].flatMap((name) => [
        name,
        `*.${name}`,
        `*.*.${name}`,
        `*.*.*.${name}`,
      ]),
      censor: '[redacted]',
    },
    serializers: {
      req: (request: { id: string; method: string; url?: string; ip: string }) => ({
        id: request.id,
        method: request.method,
        // Callers put tokens into paths by mistake, in place of a session's public name.
        path: withoutTokens(request.url?.split('?', 1)[0] ?? ''),
        remoteAddress: request.ip,
      }),
      res: (reply: { statusCode: number }) => ({ statusCode: reply.statusCode }),
    },
  };
}
