import { Type } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import { ApiError } from '../http/errors.ts';
import type { Attributes } from '../session/session.ts';
import type { Credentials } from './credentials.ts';

const Answer = Type.Object({
  userId: Type.String({ minLength: 1, maxLength: 256 }),
  metadata: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
  claims: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
});

const Refusal = Type.Object({
  code: Type.String({ pattern: '^[A-Za-z0-9_.:-]{1,64}$' }),
  message: Type.Optional(Type.String({ maxLength: 256 })),
});

/**
 * Asks a service of yours: POST `{ username, password, ip }`. 200 `{ userId, metadata?, claims? }` lets the user in. 401
 * and 403 do not. 403 or 423 with `{ code, message? }` is `LOGIN_REFUSED`: locked, a second factor wanted, … Every other
 * answer, or none in time, is `CREDENTIALS_UNAVAILABLE`.
 *
 * @param options.url its URL; a name and password in it are sent as Basic authentication
 * @param options.timeoutMs how long to wait for an answer
 */
export function createWebhookCredentials(options: { readonly url: string; readonly timeoutMs: number }): Credentials {
  const url = new URL(options.url);
  const { username: name, password: secret } = url;
  url.username = '';
  url.password = '';
  const basic = `Basic ${Buffer.from(`${decodeURIComponent(name)}:${decodeURIComponent(secret)}`).toString('base64')}`;
  const headers = { 'content-type': 'application/json', ...(name === '' ? {} : { authorization: basic }) };

  return {
    description: `the webhook at ${url.origin}`,

    close: async () => {},

    async check({ requestId, ...attempt }) {
      try {
        const response = await fetch(url, {
          method: 'POST',
          headers: { ...headers, 'x-request-id': requestId },
          body: JSON.stringify(attempt),
          redirect: 'error',
          signal: AbortSignal.timeout(options.timeoutMs),
        });
        if (response.status === 401) {
          await response.body?.cancel();
          return undefined;
        }
        if (response.status === 403 || response.status === 423) {
          const refusal: unknown = await response.json().catch(() => undefined);
          if (Value.Check(Refusal, refusal)) {
            throw new ApiError('LOGIN_REFUSED', { reason: refusal.code, message: refusal.message });
          }
          if (response.status === 403) return undefined;
        }
        if (response.status !== 200) {
          await response.body?.cancel();
          throw new Error(`the webhook answered ${response.status}`);
        }
        const answer: unknown = await response.json();
        if (!Value.Check(Answer, answer)) throw new Error('the webhook answered something else than a userId');
        if (!answer.userId.isWellFormed()) throw new Error('the webhook answered a userId that is not well-formed');
        const { userId, metadata = {}, claims = {} } = answer;
        return { userId, metadata: metadata as Attributes, claims: claims as Attributes };
      } catch (cause) {
        if (cause instanceof ApiError) throw cause;
        throw new ApiError('CREDENTIALS_UNAVAILABLE', { cause, retryAfter: 1 });
      }
    },
  };
}
