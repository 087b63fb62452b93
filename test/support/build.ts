import { Writable } from 'node:stream';
import type { FastifyInstance, LightMyRequestResponse } from 'fastify';
import { pino } from 'pino';
import type { Test } from 'tap';
import { type AppOverrides, buildApp } from '../../src/app.ts';
import { loadConfig } from '../../src/config/load.ts';
import { loggerOptions } from '../../src/observability/logging.ts';

export const SECRET = 'test-secret-test-secret-test-secret';

export interface TestApp {
  readonly app: FastifyInstance;
  /** Lines logged so far, as written. */
  readonly log: string[];
}

export type BuildOptions = Omit<AppOverrides, 'logger'>;

/**
 * The whole app on the given settings, closed with the test. Without REDIS_URL it lives on the memory store, whose
 * clock is `now`. Redis may take its time, unless `deadlineMs: undefined` asks for the deadline as it is.
 */
export async function build(t: Test, env: Record<string, string> = {}, options: BuildOptions = {}): Promise<TestApp> {
  const log: string[] = [];
  const stream = new Writable({
    write(line, _encoding, done) {
      log.push(String(line));
      done();
    },
  });
  const { config } = loadConfig({ SESSION_SECRETS: SECRET, ...env });
  const app = await buildApp(config, {
    logger: pino(loggerOptions(config.LOG_LEVEL), stream),
    deadlineMs: 3000,
    ...options,
  });
  t.teardown(() => app.close());
  await app.ready();
  return { app, log };
}

/** Logs a user in and answers the token of the cookie. */
export async function login(app: FastifyInstance, headers: Record<string, string> = {}): Promise<string> {
  const response = await app.inject({
    method: 'POST',
    url: '/login',
    headers,
    payload: { username: 'demo', password: 'demo-password' },
  });
  return cookieToken(response);
}

/** The token that an answer's cookie carries. @throws when there is none */
export function cookieToken(response: LightMyRequestResponse): string {
  const cookie = response.cookies.find(({ name }) => name.endsWith('sid'));
  if (cookie === undefined || cookie.value === '') throw new Error(`No token in a ${response.statusCode} answer`);
  return cookie.value;
}

/** Headers of a caller that has the cookie. */
export function withCookie(token: string): { cookie: string } {
  return { cookie: `__Host-sid=${token}` };
}
