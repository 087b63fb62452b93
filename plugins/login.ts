import type { FastifyRequest } from 'fastify';
import fp from 'fastify-plugin';
import type { Config } from '../src/config/load.ts';
import type { Credentials } from '../src/credentials/credentials.ts';
import { usernameHash } from '../src/credentials/username-hash.ts';
import {
  createDemoCredentials,
  createNoCredentials,
  createUsersFileCredentials,
} from '../src/credentials/users-file.ts';
import { createWebhookCredentials } from '../src/credentials/webhook.ts';
import { ApiError, codeOf, type ErrorCode } from '../src/http/errors.ts';
import type { Attributes } from '../src/session/session.ts';
import type { StartedSession } from '../src/session/starts.ts';

declare module 'fastify' {
  interface FastifyInstance {
    readonly login: Login;
  }
}

export interface Login {
  /** Who may log in, in words. */
  readonly who: string;
  /** Checks the limits, then the credentials, then trades the caller's session for a new one. */
  (request: FastifyRequest, form: LoginForm): Promise<StartedSession>;
}

export interface LoginForm {
  readonly username: string;
  readonly password: string;
  readonly remember?: boolean;
  readonly metadata?: Attributes;
}

// A refused login counts as failed too: that it was refused may say that the password was right.
const FAILED = new Set<ErrorCode>(['INVALID_CREDENTIALS', 'LOGIN_REFUSED']);

/** Logging in. Nothing of the caller's old session survives it but the metadata of an anonymous one. */
export default fp(
  async (fastify) => {
    const { config, sessions, limits, meters } = fastify;
    const credentials = await createCredentials(config, (problem) =>
      fastify.log.error({ err: problem }, 'the users file has changed but can not be taken; the users before it stay'),
    );

    fastify.addHook('onClose', () => credentials.close());

    async function login(request: FastifyRequest, { username, password, remember = false, metadata }: LoginForm) {
      const previous = await request.findSession();
      const identity = await credentials.check({ username, password, ip: request.ip, requestId: request.id });
      if (identity === undefined) throw new ApiError('INVALID_CREDENTIALS');
      return sessions.login({
        userId: identity.userId,
        // What the source of credentials says is not for the caller to overrule.
        metadata: { ...metadata, ...identity.metadata },
        claims: identity.claims,
        remember,
        device: request.device(),
        previous,
      });
    }

    /** An attempt that failed stays counted; one that succeeded, or that nobody could check, does not. */
    async function limited(request: FastifyRequest, form: LoginForm) {
      const giveBack = await limits.login(request);
      try {
        const started = await login(request, form);
        giveBack();
        return started;
      } catch (error) {
        const code = codeOf(error);
        if (FAILED.has(code)) {
          const { reason } = error as ApiError;
          const who = { remoteAddress: request.ip, usernameHash: usernameHash(form.username) };
          fastify.log.info({ reqId: request.id, ...who, code, reason }, 'login failed');
        } else giveBack();
        throw error;
      }
    }

    const measured = async (request: FastifyRequest, form: LoginForm) => {
      try {
        const started = await limited(request, form);
        meters.login('success');
        return started;
      } catch (error) {
        meters.login(codeOf(error).toLowerCase());
        throw error;
      }
    };
    fastify.decorate('login', Object.assign(measured, { who: credentials.description }));
  },
  { name: 'login', dependencies: ['config', 'sessions', 'session', 'rate-limit', 'metrics'] },
);

async function createCredentials(config: Config, onProblem: (problem: unknown) => void): Promise<Credentials> {
  const { CREDENTIALS_URL: url, CREDENTIALS_TIMEOUT_MS: timeoutMs } = config;
  if (url !== undefined) return createWebhookCredentials({ url, timeoutMs });
  if (config.USERS_FILE !== undefined) return createUsersFileCredentials(config.USERS_FILE, onProblem);
  return config.demoUser ? createDemoCredentials() : createNoCredentials();
}
