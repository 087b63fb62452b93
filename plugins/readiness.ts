import fp from 'fastify-plugin';

declare module 'fastify' {
  interface FastifyInstance {
    readonly readiness: Readiness;
  }
}

export interface Readiness {
  /** Why no traffic should come here now; empty when it should. */
  reasons(): Promise<string[]>;
  /** Turns readiness off; what is under way goes on. */
  drain(): void;
}

/**
 * Whether a load balancer should send traffic here: not before listening, not while draining, not while it is turned
 * away, not without a store, unless DEGRADED_VERIFY_SECONDS lets it go on for a time.
 */
export default fp(
  async (fastify) => {
    let phase: 'starting' | 'serving' | 'draining' = 'starting';

    fastify.addHook('onListen', async () => {
      phase = 'serving';
    });
    fastify.addHook('preClose', async () => {
      phase = 'draining';
    });

    fastify.decorate('readiness', {
      async reasons() {
        if (phase !== 'serving') return [phase];
        if (fastify.isOverloaded()) return ['overloaded'];
        return fastify.sessions.ping().then(
          () => [],
          // Behind a proxy that asks here, /verify could not go on otherwise.
          () => (fastify.sessions.hasFallback() ? [] : ['the session store does not answer']),
        );
      },
      drain() {
        phase = 'draining';
      },
    } satisfies Readiness);
  },
  { name: 'readiness', dependencies: ['sessions', 'shedding'] },
);
