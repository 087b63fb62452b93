import client, { type Histogram } from '@prometheus-io/client';
import type { FastifyReply, onSendHookHandler } from 'fastify';
import fastifyMetrics from 'fastify-metrics';
import fp from 'fastify-plugin';
import { observerOf } from '../src/observer.ts';
import type { SessionEvent } from '../src/session/events.ts';

declare module 'fastify' {
  interface FastifyInstance {
    readonly meters: Meters;
  }
  interface FastifyRequest {
    /** When its header had come, on the clock of `performance.now()`. */
    arrivedAt: number;
  }
  interface FastifyReply {
    /** Milliseconds since the request came; Fastify's own `elapsedTime` needs listeners that cost 1 µs. */
    elapsedMs(): number;
  }
}

/** What the service counts about itself; the names are those of contract.md. */
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

type Labels = 'method' | 'route' | 'status_code';

export default fp(
  async (fastify) => {
    // One registry per app: the process-wide one would make two apps of a test collide.
    const registry = new client.Registry();
    const registers = [registry];
    // Its two hooks cost 9 µs a request, of 16 µs that an empty route takes; so it is registered aside, where there are
    // no routes, and its histogram is fed by one hook of ours, with the labels of a route found once.
    await fastify.register(async (aside) => {
      await aside.register(fastifyMetrics.default, {
        endpoint: null,
        promClient: client,
        defaultMetrics: { enabled: true, register: registry },
        routeMetrics: {
          enabled: { histogram: true, summary: false },
          overrides: { histogram: { registers }, summary: { registers } },
        },
      });
    });
    const durations = registry.getSingleMetric('http_request_duration_seconds') as Histogram<Labels>;
    fastify.decorateRequest('arrivedAt', 0);
    fastify.decorateReply('elapsedMs', function (this: FastifyReply) {
      return performance.now() - this.request.arrivedAt;
    });
    fastify.addHook('onRequest', (request, _reply, done) => {
      request.arrivedAt = performance.now();
      done();
    });
    fastify.addHook('onRoute', (route) => {
      // HEAD comes with GET, and brings its hooks along.
      if (route.method === 'HEAD') return;
      const method = String(route.method);
      const byStatus: ((seconds: number) => void)[] = [];
      const observe: onSendHookHandler = (_request, reply, payload, done) => {
        const { statusCode } = reply;
        byStatus[statusCode] ??= observerOf(durations, { method, route: route.url, status_code: statusCode });
        byStatus[statusCode](reply.elapsedMs() / 1000);
        done(null, payload);
      };
      route.onSend = [...[route.onSend ?? []].flat(), observe];
    });

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

    fastify.decorate('meters', {
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
    } satisfies Meters);
  },
  { name: 'metrics' },
);

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
