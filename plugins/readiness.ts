import fp from 'fastify-plugin';

declare module 'fastify' {
  interface FastifyInstance {
    readonly readiness: Readiness;
  }
}

export interface Readiness {
  /** Returns why this pod should receive no traffic now; empty when it is ready. */
  reasons(): Promise<string[]>;
  /** Makes this pod not ready for good. Requests are still served. */
  drain(): void;
}

/**
 * Tells load balancers whether to send traffic here. A pod is not ready before it listens, while it drains, while it is
 * overloaded, and while the store is unavailable; DEGRADED_VERIFY_SECONDS delays the last one.
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
          // A proxy that checks readiness must keep sending /verify for degraded mode to work.
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
