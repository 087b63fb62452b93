import type { Attributes, Json, Session } from '../session/session.ts';
import { headerValue } from './header-value.ts';

const PREFIX = 'x-session-claim-';

/**
 * Returns the response header that carries a claim. Underscores become hyphens: proxies drop request headers with
 * underscores, and apps that map headers to variables can't distinguish the two.
 */
export function claimHeader(name: string): string {
  return PREFIX + name.toLowerCase().replaceAll('_', '-');
}

/**
 * Creates a function that returns the claims of a session as pairs of header name and value. Claims that are objects or
 * null, or arrays that contain one, have no header. The pairs are computed once for each object of claims.
 *
 * @param names the claims to return
 */
export function createClaimHeaders(names: readonly string[]): (session: Session) => readonly [string, string][] {
  const headers = names.map((name) => [name, claimHeader(name)] as const);
  const known = new WeakMap<Attributes, [string, string][]>();
  return ({ claims }) => {
    let pairs = known.get(claims);
    if (pairs === undefined) {
      pairs = headers.flatMap(([name, header]) => {
        const value = Object.hasOwn(claims, name) ? claimValue(claims[name] as Json) : undefined;
        return value === undefined ? [] : [[header, value] as [string, string]];
      });
      known.set(claims, pairs);
    }
    return pairs;
  };
}

/** The value of a claim's header. Commas within the items of an array are encoded, so that those between them separate. */
function claimValue(claim: Json): string | undefined {
  if (isScalar(claim)) return headerValue(String(claim).toWellFormed());
  if (!Array.isArray(claim) || !claim.every(isScalar)) return undefined;
  return claim.map((item) => headerValue(String(item).toWellFormed()).replaceAll(',', '%2C')).join(',');
}

function isScalar(value: Json): value is string | number | boolean {
  return ['string', 'number', 'boolean'].includes(typeof value);
}
