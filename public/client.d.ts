export interface KeepAliveOptions {
  /** Where the service is, without a slash at the end; by default the page's own origin. */
  readonly base?: string;
  /** A session in use is renewed so long before its end, or when half of what was left is over. 5 minutes. */
  readonly renewBeforeMs?: number;
  /** While the page is used, the service hears of it this often. 5 minutes. */
  readonly heartbeatMs?: number;
  /**
   * How long other tabs wait for the one that sends requests, which the browser may have frozen; less if the session ends
   * before. 30 seconds.
   */
  readonly patienceMs?: number;
  readonly fetch?: typeof fetch;
  /** This browser's clock, epoch milliseconds; it may be wrong, but must run. */
  readonly now?: () => number;
}

/** What comes with every event. */
export interface SessionEnd {
  /** When the session ends unless it is used, epoch milliseconds on the service's clock. */
  readonly expiresAt: number;
  /** How far away that is. */
  readonly inMs: number;
  /** Whether use can still put it off; not at the absolute end of a session. */
  readonly extendable: boolean;
}

export interface KeepAliveEvents {
  /**
   * The session ends soon, and activity has not extended it: `renewBeforeMs` before the end, or when half of what was left
   * is over, if that is later. Fired if there was no activity, if a renewal failed, or if the end is the absolute one.
   * Fired once for each end.
   */
  expiring: CustomEvent<SessionEnd>;
  /** The session was renewed, by this tab or another. */
  renewed: CustomEvent<SessionEnd>;
  /** There is no session, or no longer the one there was. Once in each tab; nothing is sent after it. */
  ended: CustomEvent<SessionEnd>;
}

/** The tabs of one browser keep one session alive together: activity in any counts, one of them speaks. */
export interface KeepAlive extends EventTarget {
  /** How long the session lasts if nothing happens; `undefined` until the service has said so. */
  readonly leftMs: number | undefined;
  /** Learns from an answer that the app got itself, and returns it. Answers that were not for a session do no harm. */
  observe<Answer extends Response>(response: Answer): Answer;
  /** Says that the user is there, where no event shows it: while a film plays. */
  use(): void;
  /** Says that the app has logged the user out: the session has `ended`, in every tab. */
  end(): void;
  /** Sends nothing more and hears nothing more; the session goes on for the other tabs. */
  stop(): void;

  addEventListener<Name extends keyof KeepAliveEvents>(
    type: Name,
    listener: (event: KeepAliveEvents[Name]) => void,
    options?: boolean | AddEventListenerOptions,
  ): void;
}

/**
 * Keeps the browser's session alive while its user is there, and says when it ends. Whoever leaves is logged out by
 * time: without activity nothing is sent. Start it when the user has logged in, and a new one after every login.
 */
export function keepAlive(options?: KeepAliveOptions): KeepAlive;
