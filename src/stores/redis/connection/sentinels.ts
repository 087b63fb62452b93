import { setTimeout as pause } from 'node:timers/promises';
import { AbstractConnector, Redis, type RedisOptions } from 'ioredis';
import type { RedisAddress } from './address.ts';
import { openSocket, TlsConnector } from './sockets.ts';

const SWITCHED = '+switch-master';
// A replica is about to become the master. When that is asked for, the old master goes on for a second and more, and
// replicas that follow it still confirm what it is given: all of that is lost.
const CHOSEN = '+selected-slave';
const GIVEN_UP = '-failover-abort-slave-timeout';
// It is promoted within a few tenths of a second, or not at all, for another sentinel may win.
const CHOICE_HOLDS_MS = 1500;
const ANSWER_MS = 1000;
// When one sentinel has answered, the others have so long to know better.
const STRAGGLERS_MS = 100;
// What a master that is gone has not closed by then is closed without it.
const GOODBYE_MS = 100;

type Place = RedisAddress['nodes'][number];

export interface Sentinels {
  /** What leads a client of ioredis, and its duplicates, to the master. */
  readonly Connector: NonNullable<RedisOptions['Connector']>;
  close(): void;
}

/**
 * A connection to each sentinel, over which they are asked where the master is and tell when it is another one
 * (redis.io, "Guidelines for Redis clients with support for Redis Sentinel"). All are asked at once, and of those that
 * answer the one with the latest configuration is believed: a sentinel that was away, or has not heard of the switch
 * yet, names a master of the past. From the moment a replica is chosen to become the master it alone will do.
 *
 * @param retry pauses before a sentinel is called again, milliseconds; none, and the first failure is the last
 */
export function createSentinels(
  { nodes, tls, sentinel }: RedisAddress & { readonly sentinel: object },
  retry: ((attempt: number) => number) | undefined,
): Sentinels {
  const { master, username, password } = sentinel;
  const problems = new Map<Redis, string>();
  const connections = new Set<{ leaveUnless(master: Place): void }>();
  const lines = nodes.map(openLine);
  let chosen: (Place & { readonly until: number }) | undefined;

  function openLine(place: Place): Redis {
    const line = new Redis({
      ...place,
      ...(username === undefined ? {} : { username }),
      ...(password === undefined ? {} : { password }),
      ...(tls ? { tls: {}, Connector: TlsConnector } : {}),
      lazyConnect: true,
      enableReadyCheck: false,
      autoResubscribe: false,
      autoResendUnfulfilledCommands: false,
      maxRetriesPerRequest: 0,
      retryStrategy: retry ?? (() => null),
      connectTimeout: ANSWER_MS,
      commandTimeout: ANSWER_MS,
      socketTimeout: ANSWER_MS,
      keepAlive: 10_000,
      connectionName: 'sessiond',
    });
    line.on('ready', () => line.subscribe(SWITCHED, CHOSEN, GIVEN_UP).catch(() => undefined));
    line.on('error', ({ message }: Error) => problems.set(line, message));
    line.on('message', hear);
    return line;
  }

  function hear(channel: string, text: string): void {
    const words = text.split(' ');
    // "<name> <old host> <port> <new host> <port>", or "slave <name> <host> <port> @ <master> <its host> <port>"
    const [name, host = '', port] =
      channel === SWITCHED ? [words[0], words[3], words[4]] : [words[5], words[2], words[3]];
    if (name !== master) return;
    const place = { host, port: Number(port) };
    chosen = channel === CHOSEN ? { ...place, until: performance.now() + CHOICE_HOLDS_MS } : undefined;
    if (channel !== GIVEN_UP) for (const connection of connections) connection.leaveUnless(place);
  }

  async function ask(line: Redis): Promise<Place & { readonly epoch: number }> {
    try {
      const [fields, [host, port]] = (await Promise.all([
        line.call('SENTINEL', 'MASTER', master),
        line.call('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', master),
      ])) as [string[], [string, string]];
      return { host, port: Number(port), epoch: Number(fields[fields.indexOf('config-epoch') + 1]) };
    } catch (error) {
      const { name, message } = error as Error;
      const { host, port } = line.options;
      throw new Error(`${host}:${port}: ${name === 'ReplyError' ? message : (problems.get(line) ?? message)}`);
    }
  }

  /** @throws an error with what the first of them said when no sentinel tells */
  async function findMaster(): Promise<Place> {
    if (chosen !== undefined && performance.now() < chosen.until) return chosen;
    const told: Awaited<ReturnType<typeof ask>>[] = [];
    const asked = lines.map(async (line) => told.push(await ask(line)));
    await Promise.any(asked).catch(({ errors: [first] }: AggregateError) => {
      throw new Error(`no sentinel tells where the master ${master} is; ${first.message}`);
    });
    await Promise.race([Promise.allSettled(asked), pause(STRAGGLERS_MS)]);
    return told.reduce((one, other) => (other.epoch > one.epoch ? other : one));
  }

  class MasterConnector extends AbstractConnector {
    private place: Place | undefined;

    constructor() {
      super(GOODBYE_MS);
    }

    /** Whether a server may stay connected, by its own INFO. */
    override check({ role }: { readonly role?: string }): boolean {
      return role === undefined || role === 'master';
    }

    // A rejection ends the client for ever, so there is none while it is wanted.
    override async connect(emit: (type: string, problem: Error) => void) {
      this.connecting = true;
      for (let attempt = 1; ; attempt += 1) {
        const found = await findMaster().catch((problem: Error) => problem);
        if (!this.connecting) throw new Error('Connection is closed.');
        if (!(found instanceof Error)) return this.open(found);
        if (retry === undefined) throw found;
        emit('error', found);
        await pause(retry(attempt));
      }
    }

    private open(place: Place) {
      const stream = openSocket(place, tls);
      stream.once('error', (problem) => {
        this.firstError = problem;
      });
      stream.once('close', () => connections.delete(this));
      connections.add(this);
      this.place = place;
      this.stream = stream;
      return stream;
    }

    leaveUnless({ host, port }: Place): void {
      if (this.place?.host !== host || this.place.port !== port) this.stream.destroy();
    }
  }

  return {
    Connector: MasterConnector,
    close() {
      for (const line of lines) line.disconnect();
    },
  };
}
