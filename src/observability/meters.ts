import client, { type Registry } from '@prometheus-io/client';
import type { SessionEvent } from '../session/events.ts';
import { observerOf } from './observer.ts';

/** The service's own metrics. Dashboards depend on their names, which are part of the contract. */
export interface Meters {
  /** Returns all metrics in Prometheus' text format, and its content type. */
  text(): Promise<{ readonly body: string; readonly contentType: string }>;
  sessionEvent(event: SessionEvent): void;
  login(result: string): void;
  storeCommand(command: string, seconds: number): void;
  /** Registers a callback that returns the state of the store's circuit breaker: 0 closed, 1 half-open, 2 open. */
  breaker(state: () => number): void;
  unreadableRecord(): void;
  /** Counts a request rejected because the process is overloaded. */
  shed(): void;
  revocationSeen(seconds: number): void;
  /** Registers a callback that returns the number of verifications so far that emitted no event, by key of the ring. */
  recalledSessions(counts: () => readonly number[], source: string): void;
  /** Registers a callback that returns the number of sessions in the near cache. */
  nearCacheEntries(count: () => number): void;
  /** Registers a callback that returns the number of live sessions in the whole store. */
  activeSessions(count: () => Promise<number>): void;
}

/** Registers the service's own metrics. */
export function createMeters(registry: Registry): Meters {
  const registers = [registry];
  const counter = <Label extends string>(name: string, help: string, ...labelNames: Label[]) =>
    new client.Counter({ name, help, labelNames, registers });
  const created = counter('session_created_total', 'Sessions started, by kind', 'kind');
  const revoked = counter('session_revoked_total', 'Sessions ended before they expired, by reason', 'reason');
  const expired = counter('session_expired_total', 'Sessions that expired; each is counted by one pod');
  const renewed = counter('session_renewed_total', 'Sessions renewed');
  const reused = counter(
    'session_reuse_detected_total',
    'Tokens used after they had been renewed and RENEW_GRACE_SECONDS had passed',
  );
  const mismatched = counter(
    'session_binding_mismatch_total',
    'Sessions used from a different device than the one they were started on',
  );
  function gauge(name: string, help: string, value: () => number | Promise<number>): void {
    new client.Gauge({
      name,
      help,
      registers,
      async collect() {
        this.set(await value());
      },
    });
  }
  let countRecalls = () => {};
  const verifications = new client.Counter({
    name: 'session_verify_total',
    help: 'Verifications of session tokens, by result and by where the session was read',
    labelNames: ['result', 'source'],
    registers,
    collect: () => countRecalls(),
  });
  const tokenKeys = new client.Counter({
    name: 'session_token_key_total',
    help: 'Successful verifications of live sessions, by position in SESSION_SECRETS of the key that verified the token; 0 is the first',
    labelNames: ['key'],
    registers,
    collect: () => countRecalls(),
  });
  const touches = counter('session_touch_total', 'Session activity, by whether it was written to the store', 'result');
  // These are counted on every request: labels are resolved once and cached.
  const verified = (result: string, source: string) => verifications.labels({ result, source });
  const verifiedBy = memoize((source: string) => memoize((result: string) => verified(result, source)));
  const verifiedWith = memoize((key: string) => tokenKeys.labels({ key }));
  const touchedBy = memoize((result: string) => touches.labels({ result }));
  const logins = counter('login_total', 'Login attempts, by result', 'result');
  const shed = counter('requests_shed_total', 'Requests rejected because the process was overloaded');
  const unreadable = counter('session_unreadable_total', 'Session records that could not be decoded');
  const commands = new client.Histogram({
    name: 'store_command_seconds',
    help: 'Duration of commands to the store, in seconds',
    labelNames: ['command'],
    buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25],
    registers,
  });

  const commandBy = memoize((command: string) => observerOf(commands, { command }));
  const propagation = new client.Histogram({
    name: 'revocation_propagation_seconds',
    help: 'Time from a revocation by this pod to the invalidation of its near cache by Redis, in seconds',
    buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1],
    registers,
  });

  return {
    async text() {
      return { body: await registry.metrics(), contentType: registry.contentType };
    },

    sessionEvent(event) {
      switch (event.type) {
        case 'created':
          return created.inc({ kind: event.kind });
        case 'revoked':
          return revoked.inc({ reason: event.reason });
        case 'renewed':
          return renewed.inc();
        case 'reuse':
          return reused.inc();
        case 'binding-mismatch':
          return mismatched.inc();
        case 'expired':
          return expired.inc(event.count);
        case 'verified':
          if ('key' in event) verifiedWith(`${event.key}`).inc();
          return verifiedBy(event.source)(event.result).inc();
        case 'touched':
          return touchedBy(event.result).inc();
      }
    },

    login: (result) => logins.inc({ result }),
    storeCommand: (command, seconds) => commandBy(command)(seconds),
    unreadableRecord: () => unreadable.inc(),
    shed: () => shed.inc(),

    revocationSeen: (seconds) => propagation.observe(seconds),

    recalledSessions(counts, source) {
      let counted: readonly number[] = [];
      countRecalls = () => {
        const current = [...counts()];
        for (const [key, count] of current.entries()) {
          const recalled = count - (counted[key] ?? 0);
          // Also by 0, so that every key of the ring has a series.
          verifiedWith(`${key}`).inc(recalled);
          if (recalled === 0) continue;
          verifiedBy(source)('valid').inc(recalled);
          touchedBy('skipped').inc(recalled);
        }
        counted = current;
      };
    },

    nearCacheEntries: (count) => gauge('near_cache_entries', 'Sessions in the near cache of this pod', count),

    breaker: (state) =>
      gauge('store_breaker_state', 'Circuit breaker of the store: 0 closed, 1 half-open, 2 open', state),

    activeSessions: (count) =>
      gauge('session_active_total', 'Live sessions in the whole store; NaN while the store is unavailable', () =>
        count().catch(() => Number.NaN),
      ),
  };
}

/** Caches the results of a function of a name; the names are few. */
function memoize<T>(make: (name: string) => T): (name: string) => T {
  const results = new Map<string, T>();
  return (name) => {
    let result = results.get(name);
    if (result === undefined) {
      result = make(name);
      results.set(name, result);
    }
    return result;
  };
}
