import type { LoggerOptions } from 'pino';
import { withoutTokens } from '../session/token.ts';

/** How pino writes: JSON lines in UTC, and never a header, a body or a query string. */
export function loggerOptions(level: string): LoggerOptions {
  return {
    level,
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label) => ({ level: label }) },
    // Nothing logs these on purpose; this is for the day someone does.
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
        // Callers mistake a token for the name of its session.
        path: withoutTokens(request.url?.split('?', 1)[0] ?? ''),
        remoteAddress: request.ip,
      }),
      res: (reply: { statusCode: number }) => ({ statusCode: reply.statusCode }),
    },
  };
}
