import { once } from 'node:events';
import { type IncomingHttpHeaders, type OutgoingHttpHeaders, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { FastifyInstance } from 'fastify';
import type { Test } from 'tap';
import { build } from './build.ts';
import { type EchoApp, startEchoApp } from './echo-app.ts';
import type { StartProxy } from './proxy.ts';
import { freePort, type RedisServer, startRedis } from './redis.ts';
import { passwordOf, usersFile } from './users.ts';

export const NAMES = ['ann', 'bob', '漢字 ü%'] as const;
export const KEY = 'a-service-key-of-the-tests-0123456789';

export interface Call {
  readonly method?: string;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: string | Buffer;
  /** The local address that calls; 127.0.0.1 by default. */
  readonly from?: string;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly elapsedMs: number;
  // biome-ignore lint/suspicious/noExplicitAny: what it is, the test says
  json(): any;
}

/** What a pod was asked. */
export interface Asked {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
}

/** An app behind a proxy that asks two pods of sessiond, which share a Redis. */
export interface World {
  /** Sends one request through the proxy, on a connection of its own, the path as it is written. */
  call(path: string, call?: Call): Promise<Answer>;
  /** Logs one of NAMES in through the proxy. */
  login(
    name?: string,
    call?: Call,
  ): Promise<{ cookie: string; session: { sessionId: string; device: { ip: string } } }>;
  readonly port: number;
  readonly app: EchoApp;
  readonly asked: Asked[];
  readonly pods: readonly FastifyInstance[];
  readonly redis: RedisServer;
}

/** Starts all of it; `start` is the proxy. */
export async function startWorld(t: Test, start: StartProxy): Promise<World> {
  const [redis, app] = await Promise.all([startRedis(t), startEchoApp(t)]);
  const asked: Asked[] = [];
  const env = {
    REDIS_URL: redis.url,
    USERS_FILE: usersFile(t, NAMES),
    LOGIN_RATE_MAX: '100000',
    LOGIN_RATE_MAX_PER_ADDRESS: '100000',
    SERVICE_KEYS: `tests:${KEY}`,
    TRUST_PROXY: 'loopback',
    NEAR_CACHE_MAX: '0',
    CLAIM_HEADERS: 'role,email',
  };
  // Patient, but not longer than the proxies, who wait for half a second.
  const options = { deadlineMs: 400 };
  const pods = [(await build(t, env, options)).app, (await build(t, env, options)).app];
  for (const { server } of pods) {
    server.on('request', ({ method = '', url = '', headers }) => {
      if (url !== '/readyz') asked.push({ method, url, headers });
    });
  }
  const port = await freePort();
  const sessiond = await Promise.all(pods.map((pod) => listen(pod)));
  await start(t, { listen: `127.0.0.1:${port}`, sessiond, app: app.address });

  const call: World['call'] = (path, options) => send(port, path, options);
  return {
    call,
    async login(name = 'ann', options = {}) {
      const answer = await call('/login', {
        method: 'POST',
        body: JSON.stringify({ username: name, password: passwordOf(name) }),
        ...options,
        headers: { 'content-type': 'application/json', ...options.headers },
      });
      const [cookie] = (answer.headers['set-cookie']?.[0] ?? '').split(';');
      if (answer.status !== 200 || !cookie) throw new Error(`No login: ${answer.status} ${answer.body}`);
      return { cookie, session: answer.json() };
    },
    port,
    app,
    asked,
    pods,
    redis,
  };
}

async function listen(pod: FastifyInstance): Promise<string> {
  await pod.listen({ host: '127.0.0.1', port: 0 });
  return `127.0.0.1:${(pod.server.address() as AddressInfo).port}`;
}

/** Sends one request to a port of this machine. */
export async function send(port: number, path: string, { method = 'GET', headers = {}, body, from }: Call = {}) {
  const begin = performance.now();
  const outgoing = request({
    port,
    path,
    method,
    headers,
    agent: false,
    localAddress: from ?? '127.0.0.1',
    host: '127.0.0.1',
  });
  outgoing.end(body);
  const [incoming] = await once(outgoing, 'response');
  const answer = await text(incoming);
  return {
    status: incoming.statusCode as number,
    headers: incoming.headers as IncomingHttpHeaders,
    body: answer,
    elapsedMs: performance.now() - begin,
    json: () => JSON.parse(answer),
  };
}
