import type { FastifyInstance, InjectOptions, LightMyRequestResponse } from 'fastify';
import type { Test } from 'tap';
import { build } from './build.ts';
import { startCluster } from './cluster.ts';
import { holdAgainstDocument } from './documented.ts';
import { startRedis } from './redis.ts';

type Method = 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE';
type Options = Omit<InjectOptions, 'method' | 'url' | 'headers'> & { readonly headers?: Record<string, string> };
type Send = (method: Method, url: string, options?: Options) => Promise<LightMyRequestResponse>;

export interface Started {
  readonly session: { readonly sessionId: string; readonly userId: string };
  readonly token: string;
}

/** Pods on one store that take turns: one on memory, three on Redis or on a Cluster of three masters. */
export interface Fleet {
  readonly pods: readonly FastifyInstance[];
  readonly call: Send;
  /** The same with a service key. */
  readonly service: Send;
  /** Starts a session through `/v1`. */
  start(userId: string, more?: object): Promise<Started>;
  /** What introspection says of a token, on every pod. @throws when pods disagree */
  isLive(token: string): Promise<boolean>;
}

const KEY = 'a-service-key-of-the-tests-0123456789';

/** Answers a function that runs a test on every store, each time in a part of the store of its own. */
export async function everywhere(t: Test) {
  const [redis, cluster] = await Promise.all([startRedis(t), startCluster(t)]);
  let tests = 0;

  return (sentence: string, run: (t: Test, fleet: Fleet) => Promise<void>, env: Record<string, string> = {}) =>
    t.test(sentence, async (t) => {
      tests += 1;
      const settings = {
        SERVICE_KEYS: `tests:${KEY}`,
        LOGIN_RATE_MAX: '100000',
        LOGIN_RATE_MAX_PER_ADDRESS: '100000',
        REDIS_PREFIX: `f${tests}`,
        NEAR_CACHE_MAX: '0',
        ...env,
      };
      await t.test('on memory', async (t) => run(t, await fleetOf(t, 1, settings)));
      await t.test('on Redis', async (t) => run(t, await fleetOf(t, 3, { ...settings, REDIS_URL: redis.url })));
      await t.test('on a Cluster', async (t) => run(t, await fleetOf(t, 3, { ...settings, REDIS_URL: cluster.url })));
    });
}

/** Runs something so many times at once. */
export function times<T>(count: number, run: (position: number) => Promise<T>): Promise<T[]> {
  return Promise.all(Array.from({ length: count }, (_, position) => run(position)));
}

async function fleetOf(t: Test, size: number, env: Record<string, string>): Promise<Fleet> {
  const pods = (await times(size, () => build(t, env))).map(({ app }) => app);
  let turn = 0;

  const call: Send = async (method, url, options) => {
    turn += 1;
    const pod = pods[turn % pods.length] as FastifyInstance;
    const answer = await pod.inject({ ...options, method, url });
    holdAgainstDocument(pod, method, url, answer);
    return answer;
  };
  const service: Send = (method, url, options) =>
    call(method, url, { ...options, headers: { authorization: `Bearer ${KEY}`, ...options?.headers } });

  return {
    pods,
    call,
    service,
    async start(userId, more) {
      const answer = await service('POST', '/v1/sessions', { payload: { userId, ...more } });
      if (answer.statusCode !== 201) throw new Error(`No session: ${answer.body}`);
      return answer.json();
    },
    async isLive(token) {
      const answers = await times(pods.length, () =>
        service('POST', '/v1/sessions/introspect', { payload: { token } }),
      );
      const [active, ...others] = new Set(answers.map((answer) => answer.json().active as boolean));
      if (others.length > 0 || active === undefined) throw new Error('Pods disagree');
      return active;
    },
  };
}
