import { join } from 'node:path';

/** Paths of sessiond that are measured. */
export type Path = '/verify' | '/session';

/** A server that is measured, and what of it. */
export interface Target {
  readonly name: string;
  readonly label: string;
  readonly file: string;
  readonly path: Path;
  readonly kind: 'sessiond' | 'reference' | 'peer';
  readonly env: Readonly<Record<string, string>>;
}

const file = (name: string) => join(import.meta.dirname, 'targets', name);
const SERVER = join(import.meta.dirname, '..', 'src', 'server.ts');
const REFERENCE = file('reference.mjs');

/** What is compared, in the order of the table; targets of one file and environment are one process. */
export const targets: readonly Target[] = [
  sessiond('verify-hot', 'sessiond GET /verify, hot', '/verify', {}),
  reference('empty-verify', 'empty Fastify route, same bytes as /verify', '/verify', {}),
  sessiond('session-hot', 'sessiond GET /session, hot', '/session', {}),
  reference('empty-session', 'empty Fastify route, same bytes as /session', '/session', {}),
  sessiond('verify-cold', 'sessiond GET /verify, cold (NEAR_CACHE_MAX=0)', '/verify', { NEAR_CACHE_MAX: '0' }),
  reference('raw-get', 'Fastify + one GET by ioredis', '/verify', { RAW_PIPELINE: '0' }),
  reference('raw-get-pipelined', 'Fastify + one GET by ioredis, auto pipelining', '/verify', { RAW_PIPELINE: '1' }),
  reference('raw-get-hmac', 'Fastify + one GET, auto pipelining, + one HMAC', '/verify', {
    RAW_PIPELINE: '1',
    RAW_HMAC: '1',
  }),
  peer('fastify-session', '@fastify/session + connect-redis', 'fastify-session.mjs'),
  peer('fastify-session-still', '@fastify/session + connect-redis, rolling: false', 'fastify-session.mjs', {
    ROLLING: '0',
  }),
  peer('mgcrea-session', '@mgcrea/fastify-session + its Redis store', 'mgcrea-session.mjs'),
  peer('express-session', 'express-session + connect-redis', 'express-session.mjs'),
];

/** Two targets to compare; the aim is at least `least` times the requests per CPU time. */
export interface Aim {
  readonly label: string;
  readonly of: string;
  readonly against: string;
  readonly least?: number;
}

export const aims: readonly Aim[] = [
  { label: 'hot /verify : empty route', of: 'verify-hot', against: 'empty-verify', least: 0.85 },
  { label: 'hot /session : empty route', of: 'session-hot', against: 'empty-session', least: 0.8 },
  { label: 'cold /verify : Fastify + one GET', of: 'verify-cold', against: 'raw-get', least: 1.1 },
  { label: 'cold /verify : the same, auto pipelining', of: 'verify-cold', against: 'raw-get-pipelined' },
  { label: 'cold /verify : the same + one HMAC', of: 'verify-cold', against: 'raw-get-hmac' },
  { label: 'hot /verify : @fastify/session', of: 'verify-hot', against: 'fastify-session', least: 3 },
  { label: 'hot /verify : the same, rolling: false', of: 'verify-hot', against: 'fastify-session-still' },
  { label: 'cold /verify : @fastify/session', of: 'verify-cold', against: 'fastify-session' },
  { label: 'hot /verify : @mgcrea/fastify-session', of: 'verify-hot', against: 'mgcrea-session' },
  { label: 'hot /verify : express-session', of: 'verify-hot', against: 'express-session' },
];

function sessiond(name: string, label: string, path: Path, env: Record<string, string>): Target {
  return { name, label, path, env, file: SERVER, kind: 'sessiond' };
}

function reference(name: string, label: string, path: Path, env: Record<string, string>): Target {
  return { name, label, path, env, file: REFERENCE, kind: 'reference' };
}

function peer(name: string, label: string, script: string, env: Record<string, string> = {}): Target {
  return { name, label, path: '/verify', env, file: file(script), kind: 'peer' };
}
