import type { FastifyRequest } from 'fastify';
import fp from 'fastify-plugin';
import { ApiError } from '../src/http/errors.ts';

const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * Refuses changes that another site makes in the name of a cookie (ASVS 5.0 3.5.1, 3.5.3). Only routes of unsafe
 * methods get the hook; whoever sends neither header is no browser and passes.
 */
export default fp(
  async (fastify) => {
    const allowed = new Set(fastify.config.ALLOWED_ORIGINS);

    async function refuseCrossSite(request: FastifyRequest): Promise<void> {
      // A service passes on what a browser sent it; what it may do is for its key to say, and not for that cookie.
      if (request.service !== undefined) return;
      if (request.presentedToken().from === 'cookie' && !isSameOrigin(request, allowed)) {
        throw new ApiError('CROSS_SITE_REQUEST');
      }
    }

    fastify.addHook('onRoute', (route) => {
      if ([route.method].flat().every((method) => SAFE_METHODS.has(method))) return;
      route.onRequest = [refuseCrossSite, ...[route.onRequest ?? []].flat()];
    });
  },
  { name: 'cross-site', dependencies: ['config', 'session', 'service'] },
);

function isSameOrigin(request: FastifyRequest, allowed: ReadonlySet<string>): boolean {
  const { origin, 'sec-fetch-site': site } = request.headers;
  if (origin !== undefined && allowed.has(origin)) return true;
  if (site !== undefined) return site === 'same-origin' || site === 'none';
  if (origin === undefined) return true;
  if (!URL.canParse(origin)) return false;
  // Some proxies name the port of the scheme in Host; browsers never do in Origin.
  const { protocol, host } = new URL(origin);
  const asked = `${protocol}//${request.host}`;
  return URL.canParse(asked) && new URL(asked).host === host;
}
