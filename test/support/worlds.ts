import type { FastifyInstance, InjectOptions, LightMyRequestResponse } from 'fastify';
import type { Test } from 'tap';
import { type BuildOptions, build, cookieToken, withCookie } from './build.ts';
import { holdAgainstDocument } from './documented.ts';
import { type RedisServer, startRedis } from './redis.ts';
import { passwordOf, usersFile } from './users.ts';

type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE';
type Call = Omit<InjectOptions, 'method' | 'url'> & { readonly token?: string };

export interface LoggedIn {
  readonly token: string;
  readonly sessionId: string;
  readonly response: LightMyRequestResponse;
}

/** The service as a caller meets it: one pod on the memory store, or two on one Redis that take turns. */
export interface World {
  readonly name: 'memory' | 'redis';
  readonly pods: readonly FastifyInstance[];
  /** Lines logged so far by all pods. */
  lines(): string[];
  /** Sends a request to the pod whose turn it is. Every answer is held against the OpenAPI document. */
  call(method: Method, url: string, options?: Call): Promise<LightMyRequestResponse>;
  /** Logs ann, bob or another user of the file in. */
  login(name: string, options?: Call & { readonly form?: object }): Promise<LoggedIn>;
  /** What GET /session answers to the token, on every pod. @throws when pods disagree */
  status(token: string): Promise<number>;
  /** Lets the time of all sessions pass: the clock of the memory store, the times in Redis' records. */
  elapse(ms: number): Promise<void>;
}

export const NAMES = ['ann', 'bob', '漢字 ü%', 'x\u00a0y\u2028z', '"><script>, a=b; c'] as const;

/** Answers a function that runs a test in every world, each with its own users and its own part of Redis. */
export async function worlds(t: Test) {
  const redis = await startRedis(t);
  let tests = 0;

  return (sentence: string, run: (t: Test, world: World) => Promise<void>, env: Record<string, string> = {}) =>
    t.test(sentence, async (t) => {
      const common = {
        LOGIN_RATE_MAX: '100000',
        LOGIN_RATE_MAX_PER_ADDRESS: '100000',
        USERS_FILE: usersFile(t, NAMES),
        ...env,
      };
      tests += 1;
      const prefix = `w${tests}`;
      await t.test('on memory', async (t) => run(t, await memoryWorld(t, common)));
      await t.test('on Redis, two pods', async (t) => run(t, await redisWorld(t, redis, prefix, common)));
    });
}

async function memoryWorld(t: Test, env: Record<string, string>): Promise<World> {
  let now = Date.now();
  const { app, log } = await build(t, env, { now: () => now });
  const elapse = async (ms: number) => {
    now += ms;
  };
  return { name: 'memory', lines: () => log, elapse, ...callers([app]) };
}

/** Two pods on one Redis. */
export async function redisWorld(
  t: Test,
  redis: RedisServer,
  prefix: string,
  env: Record<string, string> = {},
  options: BuildOptions = {},
): Promise<World> {
  // What one pod changes another sees at once, not milliseconds later: near-cache.test.ts is about those.
  const settings = { REDIS_URL: redis.url, REDIS_PREFIX: prefix, NEAR_CACHE_MAX: '0', ...env };
  const built = [await build(t, settings, options), await build(t, settings, options)];
  const elapse = (ms: number) => age(redis, prefix, ms);
  return {
    name: 'redis',
    lines: () => built.flatMap(({ log }) => log),
    elapse,
    ...callers(built.map(({ app }) => app)),
  };
}

function callers(pods: readonly FastifyInstance[]): Pick<World, 'pods' | 'call' | 'login' | 'status'> {
  let turn = 0;

  async function callPod(pod: FastifyInstance, method: Method, url: string, options: Call = {}) {
    const { token, ...rest } = options;
    const headers = { ...(token === undefined ? {} : withCookie(token)), ...rest.headers };
    const answer = await pod.inject({ ...rest, method, url, headers });
    holdAgainstDocument(pod, method, url, answer);
    return answer;
  }

  const call: World['call'] = (method, url, options) => {
    turn += 1;
    return callPod(pods[turn % pods.length] as FastifyInstance, method, url, options);
  };

  return {
    pods,
    call,
    async login(name, { form, ...options } = {}) {
      const payload = { username: name, password: passwordOf(name), ...form };
      const response = await call('POST', '/login', { ...options, payload });
      return { token: cookieToken(response), sessionId: response.json().sessionId, response };
    },
    async status(token) {
      const answers = await Promise.all(pods.map((pod) => callPod(pod, 'GET', '/session', { token })));
      const [first, ...others] = new Set(answers.map(({ statusCode }) => statusCode));
      if (others.length > 0) throw new Error(`One pod answers ${first}, another ${others}`);
      return first as number;
    },
  };
}

/** Makes all records as old as if that much more time had passed since they were written. */
export async function age({ client }: RedisServer, prefix: string, ms: number): Promise<void> {
  for (const key of await client.keys(`${prefix}:*:s:*`)) {
    const [record, end] = await Promise.all([client.get(key), client.pexpiretime(key)]);
    if (record === null) continue;
    const [format, seen, created, ...rest] = JSON.parse(record);
    await client.set(key, JSON.stringify([format, seen - ms, created - ms, ...rest]), 'PXAT', end - ms);
  }
}
