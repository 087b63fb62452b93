import client, { type Registry } from '@prometheus-io/client';
import type { SessionEvent } from '../session/events.ts';
import { observerOf } from './observer.ts';

/** What the service counts about itself. Dashboards know the names of these metrics: they stay as they are. */
export interface Meters {
  /** All metrics as Prometheus text, and its content type. */
  text(): Promise<{ readonly body: string; readonly contentType: string }>;
  sessionEvent(event: SessionEvent): void;
  login(result: string): void;
  storeCommand(command: string, seconds: number): void;
  /** Says how the state of the breaker before the store is found out: 0 closed, 1 half-open, 2 open. */
  breaker(state: () => number): void;
  unreadableRecord(): void;
  /** A request that was turned away because the process was too busy. */
  shed(): void;
  revocationSeen(seconds: number): void;
  /** Says how the number of verifications that were no events is found out whenever metrics are read. */
  recalledSessions(count: () => number, source: string): void;
  /** Says how the number of sessions in the near cache is found out whenever metrics are read. */
  nearCacheEntries(count: () => number): void;
  /** Says how the number of living sessions is found out whenever metrics are read. */
  activeSessions(count: () => Promise<number>): void;
}

/** Registers what the service counts about itself. */
export function createMeters(registry: Registry): Meters {
  const registers = [registry];
  const counter = <Label extends string>(name: string, help: string, ...labelNames: Label[]) =>
    new client.Counter({ name, help, labelNames, registers });
  const created = counter('session_created_total', 'Sessions started', 'kind');
  const revoked = counter('session_revoked_total', 'Sessions ended before their time', 'reason');
  const expired = counter('session_expired_total', 'Sessions ended by time, counted by the pod that found them');
  const renewed = counter('session_renewed_total', 'Sessions renewed');
  const reused = counter('session_reuse_detected_total', 'Tokens used again after their grace');
  const mismatched = counter('session_binding_mismatch_total', 'Sessions presented from another device');
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
    help: 'Tokens looked at',
    labelNames: ['result', 'source'],
    registers,
    collect: () => countRecalls(),
  });
  const touches = counter('session_touch_total', 'Sights of a session, by whether they were written', 'result');
  // Of what happens at every request, the labels are looked up once.
  const verified = (result: string, source: string) => verifications.labels({ result, source });
  const verifiedBy = remembered((source: string) => remembered((result: string) => verified(result, source)));
  const touchedBy = remembered((result: string) => touches.labels({ result }));
  const logins = counter('login_total', 'Attempts to log in', 'result');
  const shed = counter('requests_shed_total', 'Requests turned away because the process was too busy');
  const unreadable = counter('session_unreadable_total', 'Records found that could not be read');
  const commands = new client.Histogram({
    name: 'store_command_seconds',
    help: 'Time until the store answered a command',
    labelNames: ['command'],
    buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25],
    registers,
  });

  const commandBy = remembered((command: string) => observerOf(commands, { command }));
  const propagation = new client.Histogram({
    name: 'revocation_propagation_seconds',
    help: 'From a revocation made here of a session held here until Redis told of it',
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

    recalledSessions(count, source) {
      let counted = 0;
      countRecalls = () => {
        const recalled = count() - counted;
        counted += recalled;
        if (recalled === 0) return;
        verifiedBy(source)('valid').inc(recalled);
        touchedBy('skipped').inc(recalled);
      };
    },

    nearCacheEntries: (count) => gauge('near_cache_entries', 'Sessions held in this process', count),

    breaker: (state) =>
      gauge('store_breaker_state', 'Whether the store is asked: 0 closed, 1 half-open, 2 open', state),

    activeSessions: (count) =>
      gauge('session_active_total', 'Living sessions of the whole store; NaN while it does not answer', () =>
        count().catch(() => Number.NaN),
      ),
  };
}

/** A function of one of few names that is asked once for each. */
function remembered<T>(make: (name: string) => T): (name: string) => T {
  const made = new Map<string, T>();
  return (name) => {
    let one = made.get(name);
    if (one === undefined) {
      one = make(name);
      made.set(name, one);
    }
    return one;
  };
}
