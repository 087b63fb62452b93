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
    servers.map((server) => Promise.all([server.info('memory'), server.info('replication')])),
  );
  return [...new Set(answers.flatMap(([memory, replication]) => problemsOf(memory, replication, replicas)))];
}

function problemsOf(memory: string, replication: string, replicas: number): string[] {
  const problems: string[] = [];
  const policy = /^maxmemory_policy:([\w-]+)/m.exec(memory)?.[1];
  if (policy !== undefined && policy !== 'noeviction') {
    problems.push(
      `maxmemory-policy of Redis is ${policy}: when memory is full, users are logged out. Set it to noeviction.`,
    );
  }
  const attached = Number(/^connected_slaves:(\d+)/m.exec(replication)?.[1] ?? replicas);
  if (attached < replicas) {
    problems.push(
      `REDIS_WAIT_REPLICAS is ${replicas}, but Redis has ${attached} replicas: until it has as many, logins and ` +
        'revocations are answered 503 DURABILITY_NOT_CONFIRMED.',
    );
  }
  return problems;
}
