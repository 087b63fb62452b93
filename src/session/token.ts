import { createHmac, timingSafeEqual } from 'node:crypto';
import { isSessionId } from './session-id.ts';

/** What a genuine token says: which session, and which generation of it. */
export interface TokenClaims {
  readonly sessionId: string;
  readonly generation: number;
}

/** The claims of a genuine token, and the key that verified it. */
export interface VerifiedClaims extends TokenClaims {
  /** Position of the key in the ring; 0 is the first one, which signs. */
  readonly key: number;
}

export interface TokenCodec {
  /** Number of keys in the ring. */
  readonly keys: number;
  /** The token of one generation of one session: always the same text, under the first key of the ring. */
  issue(claims: TokenClaims): string;
  /** The claims of a genuine token, `undefined` for every other text. It costs one HMAC per key and no store. */
  verify(token: string): VerifiedClaims | undefined;
  /** The claims of a token that `verify` has found genuine lately; `undefined` says nothing. */
  recall(token: string): VerifiedClaims | undefined;
}

/** Where claims of tokens that were found genuine are kept, so that their next verification costs no HMAC. */
export interface VerifiedTokens {
  get(token: string): VerifiedClaims | undefined;
  set(token: string, claims: VerifiedClaims): void;
}

const MAX_TOKEN_LENGTH = 127;
const GENERATION = /^[1-9][0-9]{0,14}$/;

/**
 * Tokens `<sessionId>.<generation>.<mac>`, where mac is HMAC-SHA-256 (RFC 2104) over `<sessionId>.<generation>` in
 * base64url. Nothing that is stored can be turned into one without a key of the ring.
 *
 * @param secrets the key ring: the first signs, every one verifies; at least one, each of 32 characters or more
 * @param verified a table looked up by the whole token: it compares nothing with a token it does not hold, so that
 *   the time it takes tells nothing about one (a text compare would)
 */
export function createTokenCodec(secrets: readonly string[], verified?: VerifiedTokens): TokenCodec {
  const [signing] = secrets;
  if (signing === undefined) throw new TypeError('The key ring is empty');

  return {
    keys: secrets.length,

    issue({ sessionId, generation }) {
      const body = `${sessionId}.${generation}`;
      return `${body}.${mac(signing, body)}`;
    },

    verify(token) {
      if (token.length > MAX_TOKEN_LENGTH) return undefined;
      const end = token.lastIndexOf('.');
      const middle = token.indexOf('.');
      if (middle === -1 || middle === end) return undefined;
      const sessionId = token.slice(0, middle);
      const generation = token.slice(middle + 1, end);
      if (!isSessionId(sessionId) || !GENERATION.test(generation)) return undefined;
      const body = token.slice(0, end);
      const presented = Buffer.from(token.slice(end + 1));
      // The texts are compared, not the bytes they stand for: one mac has one spelling.
      const key = secrets.findIndex((secret) => {
        const expected = Buffer.from(mac(secret, body));
        return expected.length === presented.length && timingSafeEqual(expected, presented);
      });
      if (key === -1) return undefined;
      const claims = { sessionId, generation: Number(generation), key };
      verified?.set(token, claims);
      return claims;
    },

    recall: (token) => verified?.get(token),
  };
}

const DOT = '(?:\\.|%2[Ee])';
const TOKEN_SHAPE = new RegExp(`[0-3][0-9a-f][\\w-]{27}${DOT}[0-9]+${DOT}[\\w-]{43}`);

/** Whether a text carries something of a token's form, genuine or not. */
export function containsToken(text: string): boolean {
  return TOKEN_SHAPE.test(text);
}

const TOKEN_SHAPES = new RegExp(TOKEN_SHAPE, 'g');

/** A text without what has a token's form, for logs. */
export function withoutTokens(text: string): string {
  return text.replace(TOKEN_SHAPES, '[token]');
}

function mac(secret: string, body: string): string {
  return createHmac('sha256', secret).update(body).digest('base64url');
}
