import { type Logger, type LoggerOptions, pino } from 'pino';
import { withoutTokens } from '../session/token.ts';

// Log lines kept in memory while standard output can't be written, bytes. Further lines are dropped.
const MAX_UNWRITTEN = 1024 * 1024;

/**
 * Creates the logger of the process, which writes to standard output: outside production text for people if that is a
 * terminal, JSON lines otherwise. Each line is written before the call returns, so nothing has to be flushed at exit.
 * Errors of standard output (a full disk, a closed terminal) are ignored: the service does not depend on its log.
 */
export async function createLogger(config: {
  readonly LOG_LEVEL: string;
  readonly production: boolean;
}): Promise<Logger> {
  const options = loggerOptions(config.LOG_LEVEL);
  const pretty = config.production || !process.stdout.isTTY ? undefined : await prettyFormatter();
  const output = pino.destination({ dest: 1, sync: true, maxLength: MAX_UNWRITTEN }).on('error', () => undefined);
  // pino would call `output.flushSync` after a fatal line, which does not return while writes fail.
  return pino(options, { write: (line) => void output.write(pretty === undefined ? line : pretty(line)) });
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
