import { type Logger, type LoggerOptions, pino } from 'pino';
import { withoutTokens } from '../session/token.ts';

/**
 * Creates the logger of the process, which writes to standard output: outside production text for people if that is a
 * terminal, JSON lines otherwise.
 */
export async function createLogger(config: {
  readonly LOG_LEVEL: string;
  readonly production: boolean;
}): Promise<Logger> {
  const options = loggerOptions(config.LOG_LEVEL);
  const pretty = config.production || !process.stdout.isTTY ? undefined : await prettyFormatter();
  if (pretty === undefined) return pino(options);
  // Terminals are written synchronously: a fatal line is complete when the process exits, and nothing is left to flush.
  return pino(options, { write: (line) => void process.stdout.write(pretty(line)) });
}

/** Loads pino-pretty. It is a devDependency: without it, as in the image, a terminal gets JSON too. */
async function prettyFormatter(): Promise<((line: string) => string) | undefined> {
  try {
    const { prettyFactory } = await import('pino-pretty');
    return prettyFactory({
      colorize: process.stdout.hasColors(),
      translateTime: 'SYS:HH:MM:ss.l',
      ignore: 'pid,hostname',
    });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_MODULE_NOT_FOUND') return undefined;
    throw error;
  }
}

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
