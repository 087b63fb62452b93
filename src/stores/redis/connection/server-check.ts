import { Cluster, type Redis } from 'ioredis';
import type { RedisClient } from './connect.ts';

/**
 * What in the settings of Redis breaks a promise of the service, in words for an operator; empty when all is well, or
 * when the server does not say.
 *
 * @param replicas how many replicas a login waits for
 */
export async function checkServer(client: RedisClient, replicas: number): Promise<string[]> {
  const servers: Redis[] = client instanceof Cluster ? client.nodes('master') : [client];
  const answers = await Promise.all(
    servers.map((server) =>
      Promise.all((['memory', 'replication', 'persistence'] as const).map((section) => server.info(section))),
    ),
  );
  return [...new Set(answers.flatMap((sections) => problemsOf(sections.join('\n'), replicas)))];
}

function problemsOf(info: string, replicas: number): string[] {
  const problems: string[] = [];
  const policy = /^maxmemory_policy:([\w-]+)/m.exec(info)?.[1];
  if (policy !== undefined && policy !== 'noeviction') {
    problems.push(
      `maxmemory-policy of Redis is ${policy}: when memory is full, users are logged out. Set it to noeviction.`,
    );
  }
  const connected = /^connected_slaves:(\d+)/m.exec(info)?.[1];
  const attached = Number(connected ?? replicas);
  if (attached < replicas) {
    problems.push(
      `REDIS_WAIT_REPLICAS is ${replicas}, but Redis has ${attached} replicas: until it has as many, logins and ` +
        'revocations are answered 503 DURABILITY_NOT_CONFIRMED.',
    );
  }
  if (connected === '0' && /^aof_enabled:0/m.test(info)) {
    problems.push(
      'Redis has neither an append-only file nor a replica: a crash of Redis logs users out, and may bring revoked ' +
        'sessions back. Set appendonly yes (docs/redis.md).',
    );
  }
  return problems;
}
