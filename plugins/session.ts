import fastifyCookie from '@fastify/cookie';
import type { FastifyReply, FastifyRequest, onRequestHookHandler } from 'fastify';
import fp from 'fastify-plugin';
import { ApiError } from '../src/http/errors.ts';
import { isoTime } from '../src/http/iso-time.ts';
import { type Presented, presented } from '../src/http/presented.ts';
import { SessionError } from '../src/session/errors.ts';
import { type Device, expiresAt, type Session } from '../src/session/session.ts';
import type { StartedSession } from '../src/session/starts.ts';

declare module 'fastify' {
  interface FastifyInstance {
    /** Hook `onRequest` of routes for callers with a session: sets `request.session`, or answers 401 `NO_SESSION`. */
    authenticate: onRequestHookHandler;
    /** The same for routes that may go on with what is last known while the store does not answer. */
    authenticateDegraded: onRequestHookHandler;
  }
  interface FastifyRequest {
    /** The caller's live session, on routes with `authenticate`. */
    session: Session;
    /** Where the caller's token was found. Does not look at the store. */
    presentedToken(): Presented;
    /** The caller's live session, if there is one. @throws `NO_SESSION` when what was presented is ambiguous */
    findSession(): Promise<Session | undefined>;
    /** What is known of the device that calls. */
    device(): Device;
  }
  interface FastifyReply {
    /** Marks the answer as made for a session. */
    forSession(session: Session): FastifyReply;
    /** Hands a new token to the caller. Of a session to remember, the cookie outlives the browser. */
    giveToken(started: StartedSession): FastifyReply;
    clearToken(): FastifyReply;
    /** The error for a caller whose session is proven absent; takes a cookie back that stands for nothing. */
    noSession(): ApiError;
  }
}

const MAX_USER_AGENT = 512;

/** RFC 9111 5.2.1.4: what is held here is not to be served unasked. */
function wantsFresh({ headers }: FastifyRequest): boolean {
  return headers['cache-control']?.toLowerCase().includes('no-cache') === true;
}

/** `request.session`: the caller's session, from the cookie or the bearer token, and the cookie on its way out. */
export default fp(
  async (fastify) => {
    const { config, sessions } = fastify;
    const cookieName = config.COOKIE_SECURE ? '__Host-sid' : 'sid';
    // RFC 6265bis: __Host- wants Secure, Path=/ and no Domain.
    const cookie = { path: '/', httpOnly: true, secure: config.COOKIE_SECURE, sameSite: 'strict' } as const;

    // Cookies go out through it; what comes in is read by `presented`, which sees doubles.
    await fastify.register(fastifyCookie, { hook: false });

    fastify.decorateRequest('session');

    fastify.decorateRequest('presentedToken', function (this: FastifyRequest) {
      return presented(this.headers, this.url, cookieName);
    });

    function sessionOf(request: FastifyRequest): Promise<Session | undefined> {
      const { from, token } = request.presentedToken();
      if (token !== undefined) return sessions.verify(token, { device: request.device(), fresh: wantsFresh(request) });
      return from === 'ambiguous' ? Promise.reject(new ApiError('NO_SESSION')) : Promise.resolve(undefined);
    }

    fastify.decorateRequest('findSession', function (this: FastifyRequest) {
      return sessionOf(this).catch((error: unknown) => {
        // Of another device: to this caller it is as if it were not there.
        if (error instanceof SessionError && error.code === 'NO_SESSION') return undefined;
        throw error;
      });
    });

    fastify.decorateRequest('device', function (this: FastifyRequest) {
      return { ip: this.ip, userAgent: (this.headers['user-agent'] ?? '').slice(0, MAX_USER_AGENT) };
    });

    fastify.decorateReply('forSession', function (this: FastifyReply, session: Session) {
      return this.header('x-session-expire', isoTime(expiresAt(session))).header('cache-control', 'no-store');
    });

    fastify.decorateReply('giveToken', function (this: FastifyReply, { session, token }) {
      const maxAge = Math.floor((session.absoluteExpiresAt - session.lastSeenAt) / 1000);
      return this.forSession(session).setCookie(cookieName, token, session.remember ? { ...cookie, maxAge } : cookie);
    });

    fastify.decorateReply('clearToken', function (this: FastifyReply) {
      // There is no session any more that could end later.
      return this.removeHeader('x-session-expire').clearCookie(cookieName, cookie);
    });

    fastify.decorateReply('noSession', function (this: FastifyReply) {
      // Absence is proven: the store has answered.
      if (this.request.presentedToken().from === 'cookie') this.clearToken();
      return new ApiError('NO_SESSION');
    });

    /** The session as it was last known, if the store is unavailable and the deployment allows it. */
    function lastKnown(request: FastifyRequest, error: unknown): Session | undefined {
      const { token } = request.presentedToken();
      const isStoreAway = error instanceof SessionError && error.code === 'STORE_UNAVAILABLE';
      if (!isStoreAway || token === undefined || wantsFresh(request)) return undefined;
      return sessions.lastKnown(token, request.device());
    }

    function authenticateWith({ degraded }: { readonly degraded: boolean }): onRequestHookHandler {
      return (request, reply, done) => {
        const admit = (session: Session | undefined) => {
          if (session === undefined) return done(reply.noSession());
          request.session = session;
          reply.forSession(session);
          done();
        };
        const refuse = (error: Error) => {
          const known = degraded ? lastKnown(request, error) : undefined;
          if (known === undefined) return done(error);
          reply.header('x-session-degraded', 'true');
          admit(known);
        };
        // A session in use is known here: no promise is made for it.
        const { token } = request.presentedToken();
        const askable = token !== undefined && !wantsFresh(request);
        const known = askable ? sessions.recall(token, () => request.device()) : undefined;
        if (known !== undefined) admit(known);
        else sessionOf(request).then(admit, refuse);
      };
    }
    fastify.decorate('authenticate', authenticateWith({ degraded: false }));
    fastify.decorate('authenticateDegraded', authenticateWith({ degraded: true }));
  },
  { name: 'session', dependencies: ['config', 'sessions'] },
);
