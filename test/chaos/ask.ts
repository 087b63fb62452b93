import { request } from 'node:http';
import { errors } from '../../src/http/errors.ts';

/** What was asked; `fresh` is a verification past the near cache. */
export type Kind = 'login' | 'verify' | 'fresh' | 'change' | 'renew' | 'logout' | 'revoke';

export interface Answer {
  readonly kind: Kind;
  /** When it was asked, as of `performance.now()`, and how long the answer took, milliseconds. */
  readonly sentAt: number;
  readonly ms: number;
  /** 0 when there was no answer. */
  readonly status: number;
  readonly code: string;
  /** What is wrong with it: a code that is not documented, or a header that must not be there; empty if nothing is. */
  readonly wrong: string;
  readonly body: { readonly sessionId?: string; readonly metadata?: { readonly count?: number } };
  /** The token of its cookie. */
  readonly token: string | undefined;
}

export interface Call {
  readonly kind: Kind;
  readonly method: string;
  readonly path: string;
  readonly token?: string;
  readonly body?: object;
}

export type Ask = (call: Call) => Promise<Answer>;

// Longer than the service may ever take, and than HAProxy waits for it.
const PATIENCE_MS = 12_000;
const COOKIE = '__Host-sid';

/**
 * Asks as a browser does; whatever happens is an answer. Each request has a connection of its own: one that was kept
 * alive may be closed instead of answered (RFC 9112, 9.3.1), and it would be for the caller to ask again.
 */
export function createAsk(url: string): Ask {
  const { hostname, port } = new URL(url);

  return ({ kind, method, path, token, body }) => {
    const sentAt = performance.now();
    const headers = {
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(token === undefined ? {} : { cookie: `${COOKIE}=${token}` }),
      ...(kind === 'fresh' ? { 'cache-control': 'no-cache' } : {}),
    };
    return new Promise((resolve) => {
      const unanswered = () =>
        resolve({ kind, sentAt, ms: performance.now() - sentAt, ...NOTHING, wrong: 'no answer', token: undefined });
      const sent = request(
        { agent: false, hostname, port, method, path, headers, timeout: PATIENCE_MS },
        (response) => {
          let text = '';
          response.setEncoding('utf8').on('data', (chunk) => (text += chunk));
          response.on('error', unanswered).on('end', () => {
            const ms = performance.now() - sentAt;
            const status = response.statusCode as number;
            const json = parsed(text);
            const [cookie] = response.headers['set-cookie'] ?? [];
            const token = cookie?.startsWith(`${COOKIE}=`)
              ? cookie.slice(COOKIE.length + 1, cookie.indexOf(';'))
              : undefined;
            const wrong = faultOf(status, json, response.headers['retry-after'], cookie);
            resolve({ kind, sentAt, ms, status, code: String(json.code ?? ''), wrong, body: json, token });
          });
        },
      );
      sent.on('error', unanswered).on('timeout', () => sent.destroy());
      sent.end(body === undefined ? undefined : JSON.stringify(body));
    });
  };
}

const NOTHING = { status: 0, code: '', body: {} };

function parsed(text: string): Answer['body'] & { readonly code?: unknown } {
  try {
    return JSON.parse(text === '' ? '{}' : text);
  } catch {
    return { code: 'not JSON' };
  }
}

/** What a caller did not have to expect, whatever the service goes through. */
function faultOf(status: number, { code }: { readonly code?: unknown }, retryAfter?: string, cookie?: string): string {
  if (status < 300) return '';
  const documented = Object.hasOwn(errors, String(code)) ? errors[code as keyof typeof errors][0] : undefined;
  const expected = status === 503 || code === 'NO_SESSION' || code === 'SESSION_NOT_FOUND';
  if (documented !== status || !expected) return `${status} ${code ?? ''}`.trim();
  if (status === 503 && retryAfter === undefined) return `503 ${code} without Retry-After`;
  if (status === 503 && cookie !== undefined) return `503 ${code} with a cookie`;
  return '';
}
