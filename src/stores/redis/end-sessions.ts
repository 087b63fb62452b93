import { shardOfUser } from '../../session/session-id.ts';
import { parseRedisUrl } from './connection/address.ts';
import { closeRedisClient, openRedisClient } from './connection/connect.ts';
import { createKeys } from './layout/keys.ts';
import { runScript } from './scripts/run-script.ts';

/**
 * Ends all sessions of a user in the store at `url`, on a connection of its own; for commands.
 *
 * @returns how many lived
 * @throws what the connection fails with
 */
export async function endSessionsOf(store: { url: string; prefix: string; userId: string }): Promise<number> {
  const address = parseRedisUrl(store.url);
  if (address === undefined) throw new Error('REDIS_URL is not valid');
  const client = await openRedisClient(address);
  try {
    const keys = createKeys(store.prefix).ofScript(shardOfUser(store.userId));
    const [, ...revoked] = (await runScript(client, 'revoke_user', keys, [store.userId, ''])) as [number, ...string[]];
    return revoked.length;
  } finally {
    await closeRedisClient(client);
  }
}
