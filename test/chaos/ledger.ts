/**
 * live: its login was acknowledged, and nobody has asked for its end.
 * renewing: a renewal was asked for and not answered; it may be asked for again.
 * ending: its end was asked for and not acknowledged; it may have been made or not.
 * ended: its end was acknowledged.
 * unknown: nothing can be said of it.
 */
export type State = 'live' | 'renewing' | 'ending' | 'ended' | 'unknown';

/** A session whose login was acknowledged, and what was promised of it since. Times as of `performance.now()`. */
export interface Entry {
  readonly user: string;
  readonly sessionId: string;
  /** When its login was asked for. */
  readonly sentAt: number;
  token: string;
  state: State;
  /** When its end was acknowledged. */
  endedAt: number;
  /** Increments of `metadata.count` that were acknowledged, and those that may have been made. */
  counted: number;
  perhapsCounted: number;
  /** It was answered 401 or 404 while it was live. */
  calledAbsent: boolean;
  /** It was answered 200 long after its end, or by the store itself at any time after it. */
  cameBack: boolean;
}

/** After so long a pod that did not hear of a revocation has noticed that it hears nothing, and asks Redis. */
export const UNHEARD_MS = 2500;

export interface Ledger {
  readonly entries: readonly Entry[];
  /** The longest that a pod went on to answer 200 to a session whose end was acknowledged, milliseconds. */
  readonly stalestMs: () => number;
  loggedIn(started: Pick<Entry, 'user' | 'sessionId' | 'token' | 'sentAt'>): Entry | undefined;
  ended(entry: Entry): void;
  /** A pod was asked for a session at that time, and said whether there is one. */
  told(entry: Entry, was: 'there' | 'absent', sentAt: number, from: 'store' | 'any'): void;
  /** The operator has had everything deleted, between that time and now: what was there before has ended. */
  flushed(beganAt: number): void;
}

/** Remembers what the service has acknowledged, and notices when it says otherwise. */
export function createLedger(): Ledger {
  const entries: Entry[] = [];
  let flushedAt = 0;
  let stalestMs = 0;

  function ended(entry: Entry): void {
    entry.state = 'ended';
    entry.endedAt = performance.now();
  }

  return {
    entries,
    stalestMs: () => stalestMs,
    loggedIn(started) {
      // Asked for before everything was deleted, answered after: made before or after, who knows.
      if (started.sentAt < flushedAt) return undefined;
      const nothing = { endedAt: 0, counted: 0, perhapsCounted: 0, calledAbsent: false, cameBack: false };
      const entry: Entry = { ...started, state: 'live', ...nothing };
      entries.push(entry);
      return entry;
    },
    ended,
    told(entry, was, sentAt, from) {
      if (was === 'absent') {
        if (entry.state === 'live') entry.calledAbsent = true;
      } else if (entry.state === 'ended' && sentAt > entry.endedAt) {
        const staleMs = sentAt - entry.endedAt;
        stalestMs = Math.max(stalestMs, staleMs);
        if (from === 'store' || staleMs > UNHEARD_MS) entry.cameBack = true;
      }
    },
    flushed(beganAt) {
      flushedAt = performance.now();
      for (const entry of entries) {
        if (entry.sentAt >= beganAt) entry.state = 'unknown';
        else if (entry.state !== 'ended') ended(entry);
      }
    },
  };
}
