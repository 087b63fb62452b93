/** Any value JSON can carry. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** What a session carries beside its own fields: JSON values by name. */
export type Attributes = Readonly<Record<string, Json>>;

/** Where a session was started, as far as the server saw it. */
export interface Device {
  readonly ip: string;
  readonly userAgent: string;
}

/**
 * One login of one user (or one anonymous visitor) on one device. Times are epoch milliseconds on the store's clock,
 * spans are milliseconds. The record is plain data: what can be done to it stands in `sessions.ts`.
 */
export interface Session {
  readonly sessionId: string;
  /** `null`: an anonymous visitor. */
  readonly userId: string | null;
  readonly createdAt: number;
  /** When credentials were last checked; `null` for an anonymous visitor. */
  readonly authenticatedAt: number | null;
  readonly lastSeenAt: number;
  /** Idle timeout of this session: the longest time between two requests. */
  readonly idleMs: number;
  readonly absoluteExpiresAt: number;
  /** Counts renewals; a token names the generation it was issued for. */
  readonly generation: number;
  /** When it was last renewed; its creation where it never was. */
  readonly renewedAt: number;
  /** The earliest generation that is still good while the grace of the last renewal lasts. */
  readonly graceGeneration: number;
  /** Starts at 1, plus one per change of `metadata` or `claims`. */
  readonly version: number;
  /** Whether the user wants to stay logged in when the browser is closed. */
  readonly remember: boolean;
  /** Data of the app's, which the user's own requests may change. */
  readonly metadata: Attributes;
  /** What trusted services say of the user; no request of the user's changes it. */
  readonly claims: Attributes;
  readonly device: Device;
}

/** A session as callers see it, the one shape of all routes. */
export interface PublicSession {
  readonly sessionId: string;
  readonly userId: string | null;
  readonly createdAt: number;
  readonly authenticatedAt: number | null;
  readonly lastSeenAt: number;
  readonly expiresAt: number;
  readonly absoluteExpiresAt: number;
  readonly version: number;
  readonly metadata: Attributes;
  readonly claims: Attributes;
  readonly device: Device;
}

/** The earlier of the idle and the absolute end, by what the store holds. */
export function expiresAt(session: Session): number {
  return Math.min(session.lastSeenAt + session.idleMs, session.absoluteExpiresAt);
}

/** The one function that decides what of a record leaves the service. */
export function publicView(session: Session): PublicSession {
  return {
    sessionId: session.sessionId,
    userId: session.userId,
    createdAt: session.createdAt,
    authenticatedAt: session.authenticatedAt,
    lastSeenAt: session.lastSeenAt,
    expiresAt: expiresAt(session),
    absoluteExpiresAt: session.absoluteExpiresAt,
    version: session.version,
    metadata: session.metadata,
    claims: session.claims,
    device: session.device,
  };
}
