import { Type } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import { ApiError } from '../http/errors.ts';
import type { Attributes } from '../session/session.ts';
import type { Credentials } from './credentials.ts';

const DEADLINE_MS = 2000;

const Answer = Type.Object({
  userId: Type.String({ minLength: 1, maxLength: 256 }),
  metadata: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
  claims: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
});

/**
 * Asks a service of yours: POST `{ username, password, ip }`. 200 `{ userId, metadata?, claims? }` lets the user in, 401
 * and 403 do not; every other answer, or none within 2 s, is `CREDENTIALS_UNAVAILABLE`.
 *
 * @param address its URL; a name and password in it are sent as Basic authentication
 */
export function createWebhookCredentials(address: string): Credentials {
  const url = new URL(address);
  const { username: name, password: secret } = url;
  url.username = '';
  url.password = '';
  const basic = `Basic ${Buffer.from(`${decodeURIComponent(name)}:${decodeURIComponent(secret)}`).toString('base64')}`;
  const headers = { 'content-type': 'application/json', ...(name === '' ? {} : { authorization: basic }) };

  return {
    description: `the webhook at ${url.origin}`,

    close: async () => {},

    async check(attempt) {
      try {
        const response = await fetch(url, {
          method: 'POST',
          headers,
          body: JSON.stringify(attempt),
          redirect: 'error',
          signal: AbortSignal.timeout(DEADLINE_MS),
        });
        if (response.status === 401 || response.status === 403) {
          await response.body?.cancel();
          return undefined;
        }
        if (response.status !== 200) throw new Error(`the webhook answered ${response.status}`);
        const answer: unknown = await response.json();
        if (!Value.Check(Answer, answer)) throw new Error('the webhook answered something else than a userId');
        if (!answer.userId.isWellFormed()) throw new Error('the webhook answered a userId that is not well-formed');
        const { userId, metadata = {}, claims = {} } = answer;
        return { userId, metadata: metadata as Attributes, claims: claims as Attributes };
      } catch (cause) {
        throw new ApiError('CREDENTIALS_UNAVAILABLE', { cause, retryAfter: 1 });
      }
    },
  };
}
