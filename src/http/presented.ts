import type { IncomingHttpHeaders } from 'node:http';
import { containsToken } from '../session/token.ts';

/**
 * The credential a request presents. A cookie goes before a bearer token, so that an app's own bearer token may pass
 * by; `ambiguous`: two cookies of the name, or a token in the URL, and none of them counts.
 */
export type Presented =
  | { readonly from: 'cookie' | 'bearer'; readonly token: string }
  | { readonly from: 'nothing' | 'ambiguous'; readonly token?: undefined };

const EQUALS = 61;
const BEARER = /^Bearer +([^ ]+)$/i;

/** Finds the session token in a request's headers; reads nothing else of it and decides nothing about it. */
export function presented(headers: IncomingHttpHeaders, url: string, cookieName: string): Presented {
  if (url.includes('?') && carriesToken(url)) return { from: 'ambiguous' };
  const cookies = cookieValues(headers.cookie, cookieName);
  if (cookies.length > 1) return { from: 'ambiguous' };
  const [cookie] = cookies;
  if (cookie !== undefined) return { from: 'cookie', token: cookie };
  const bearer = bearerToken(headers.authorization);
  return bearer === undefined ? { from: 'nothing' } : { from: 'bearer', token: bearer };
}

/** The token of `Authorization: Bearer <token>`, if that is what the header says. */
export function bearerToken(authorization: string | undefined): string | undefined {
  return BEARER.exec(authorization ?? '')?.[1];
}

/** All values of one cookie name, as sent; RFC 6265 leaves open which of two would win. */
export function cookieValues(header: string | undefined, name: string): string[] {
  if (header === undefined || !header.includes(name)) return [];
  if (header.charCodeAt(name.length) === EQUALS && header.startsWith(name) && !header.includes(';')) {
    return [header.slice(name.length + 1)];
  }
  const values: string[] = [];
  for (const pair of header.split(';')) {
    const at = pair.indexOf('=');
    if (at !== -1 && pair.slice(0, at).trim() === name) values.push(pair.slice(at + 1).trim());
  }
  return values;
}

function carriesToken(url: string): boolean {
  const query = url.slice(url.indexOf('?'));
  if (containsToken(query)) return true;
  try {
    return containsToken(decodeURIComponent(query));
  } catch {
    return false;
  }
}
