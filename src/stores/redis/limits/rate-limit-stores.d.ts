declare module '@fastify/rate-limit/store/LocalStore.js' {
  type Callback = (error: Error | null, count?: { current: number; ttl: number }) => void;
  export default class LocalStore {
    constructor(continueExceeding: boolean, exponentialBackoff: boolean, cache?: number);
    incr(key: string, callback: Callback, timeWindow: number, max: number): void;
  }
}

declare module '@fastify/rate-limit/store/RedisStore.js' {
  import type { Cluster, Redis } from 'ioredis';

  type Callback = (error: Error | null, count?: { current: number; ttl: number }) => void;
  export default class RedisStore {
    constructor(continueExceeding: boolean, exponentialBackoff: boolean, client: Redis | Cluster, prefix: string);
    incr(key: string, callback: Callback, timeWindow: number, max: number): void;
  }
}
