import type { Session } from '../../../session/session.ts';
import type { RedisClient } from '../connection/connect.ts';
import { decode, isOtherFormat } from '../layout/record.ts';

/** What stands under the key of a session. */
export interface StoredRecord {
  readonly session: Session | undefined;
  /** `other-format`: of another version of the service. */
  readonly state: 'read' | 'other-format' | 'broken';
  readonly expires: boolean;
}

/** All that stands in one shard, as far as it was there throughout the reading. */
export interface Shard {
  readonly shard: string;
  readonly records: ReadonlyMap<string, StoredRecord>;
  /** Users with an index, the empty one for anonymous sessions. */
  readonly users: readonly string[];
  /** User by sessionId, from the indexes. */
  readonly listed: ReadonlyMap<string, string>;
  readonly scheduled: ReadonlySet<string>;
}

const STEP = 500;

/**
 * Reads one shard in steps of a few hundred elements.
 *
 * @param names its keys without `<prefix>:{<shard>}:`
 */
export async function readShard(
  client: RedisClient,
  prefix: string,
  shard: string,
  names: readonly string[],
): Promise<Shard> {
  const base = `${prefix}:{${shard}}:`;
  const named = (kind: string) =>
    [...new Set(names)].filter((name) => name.startsWith(`${kind}:`)).map((name) => name.slice(kind.length + 1));

  const scheduled = new Set<string>();
  const note = (entries: string[]) => {
    for (const entry of entries) scheduled.add(entry.slice(0, entry.indexOf(':')));
  };
  // The hot minute first: entries move from lists into it, and from it into later lists.
  await inSteps((from, to) => client.zrange(`${base}h`, from, to), note);
  for (const minute of named('x')) await inSteps((from, to) => client.lrange(`${base}x:${minute}`, from, to), note);
  await inSteps((from, to) => client.zrange(`${base}h`, from, to), note);

  const users = named('u');
  const listed = new Map<string, string>();
  for (const user of users) {
    await inSteps(
      (from, to) => client.zrange(`${base}u:${user}`, from, to),
      (ids) => {
        for (const id of ids) listed.set(id, user);
      },
    );
  }

  const records = new Map<string, StoredRecord>();
  const ids = named('s');
  for (let from = 0; from < ids.length; from += STEP) {
    await Promise.all(
      ids.slice(from, from + STEP).map(async (id) => {
        const key = `${base}s:${id}`;
        const [record, ttl] = await Promise.all([client.get(key).catch(unlessWrongType), client.pttl(key)]);
        if (record === null) return;
        const session = decode(id, record);
        const state = session !== undefined ? 'read' : isOtherFormat(record) ? 'other-format' : 'broken';
        records.set(id, { session, state, expires: ttl !== -1 });
      }),
    );
  }
  return { shard, records, users, listed, scheduled };
}

/** A key of another type than a string holds no record. */
function unlessWrongType(error: Error): string {
  if (error.message.startsWith('WRONGTYPE')) return '';
  throw error;
}

async function inSteps(
  read: (from: string, to: string) => Promise<string[]>,
  take: (elements: string[]) => void,
): Promise<void> {
  for (let from = 0; ; from += STEP) {
    const elements = await read(String(from), String(from + STEP - 1));
    take(elements);
    if (elements.length < STEP) return;
  }
}
