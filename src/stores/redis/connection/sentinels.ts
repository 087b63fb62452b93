import { setTimeout as pause } from 'node:timers/promises';
import { AbstractConnector, Redis, type RedisOptions } from 'ioredis';
import type { RedisAddress } from './address.ts';
import { openSocket, TlsConnector } from './sockets.ts';

const SWITCHED = '+switch-master';
// A replica has been selected as the next master. In a failover that was requested, the old master accepts writes for a
// second or more, and its replicas confirm them: all of these are lost.
const CHOSEN = '+selected-slave';
const GIVEN_UP = '-failover-abort-slave-timeout';
// The replica is promoted within a few tenths of a second, or never if another sentinel wins the election.
const CHOICE_VALID_MS = 1500;
const ANSWER_MS = 1000;
// After the first answer, how long to wait for answers with a later configuration.
const STRAGGLERS_MS = 100;
// A connection that the master has not closed by then is destroyed.
const CLOSE_TIMEOUT_MS = 100;

type Endpoint = RedisAddress['nodes'][number];

export interface Sentinels {
  /** Connects a client of ioredis, and its duplicates, to the master. */
  readonly Connector: NonNullable<RedisOptions['Connector']>;
  close(): void;
}

/**
 * Keeps a connection to each sentinel, to query the master's endpoint and to subscribe to failovers (redis.io, "Guidelines
 * for Redis clients with support for Redis Sentinel"). All sentinels are queried at once, and the answer with the highest
 * configuration epoch wins: a sentinel that was away may still name a former master. Once a replica has been selected as
 * the next master, connections to any other server are closed.
 *
 * @param retry returns the pause before the next attempt, milliseconds; `undefined` makes the first failure final
 */
export function createSentinels(
  { nodes, tls, sentinel }: RedisAddress & { readonly sentinel: object },
  retry: ((attempt: number) => number) | undefined,
): Sentinels {
  const { master, username, password } = sentinel;
  const problems = new Map<Redis, string>();
  const connections = new Set<{ leaveUnless(master: Endpoint): void }>();
  const sentinels = nodes.map(openConnection);
  let chosen: (Endpoint & { readonly until: number }) | undefined;

  function openConnection(endpoint: Endpoint): Redis {
    const connection = new Redis({
      ...endpoint,
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
    connection.on('ready', () => connection.subscribe(SWITCHED, CHOSEN, GIVEN_UP).catch(() => undefined));
    connection.on('error', ({ message }: Error) => problems.set(connection, message));
    connection.on('message', onMessage);
    return connection;
  }

  function onMessage(channel: string, text: string): void {
    const words = text.split(' ');
    // "<name> <old host> <port> <new host> <port>", or "slave <name> <host> <port> @ <master> <its host> <port>"
    const [name, host = '', port] =
      channel === SWITCHED ? [words[0], words[3], words[4]] : [words[5], words[2], words[3]];
    if (name !== master) return;
    const endpoint = { host, port: Number(port) };
    chosen = channel === CHOSEN ? { ...endpoint, until: performance.now() + CHOICE_VALID_MS } : undefined;
    if (channel !== GIVEN_UP) for (const connection of connections) connection.leaveUnless(endpoint);
  }

  async function ask(connection: Redis): Promise<Endpoint & { readonly epoch: number }> {
    try {
      const [fields, [host, port]] = (await Promise.all([
        connection.call('SENTINEL', 'MASTER', master),
        connection.call('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', master),
      ])) as [string[], [string, string]];
      return { host, port: Number(port), epoch: Number(fields[fields.indexOf('config-epoch') + 1]) };
    } catch (error) {
      const { name, message } = error as Error;
      const { host, port } = connection.options;
      throw new Error(`${host}:${port}: ${name === 'ReplyError' ? message : (problems.get(connection) ?? message)}`);
    }
  }

  /** @throws with the first sentinel's error when none answers */
  async function findMaster(): Promise<Endpoint> {
    if (chosen !== undefined && performance.now() < chosen.until) return chosen;
    const answers: Awaited<ReturnType<typeof ask>>[] = [];
    const asked = sentinels.map(async (connection) => answers.push(await ask(connection)));
    await Promise.any(asked).catch(({ errors: [first] }: AggregateError) => {
      throw new Error(`no sentinel reports the endpoint of master ${master}; ${first.message}`);
    });
    await Promise.race([Promise.allSettled(asked), pause(STRAGGLERS_MS)]);
    return answers.reduce((one, other) => (other.epoch > one.epoch ? other : one));
  }

  class MasterConnector extends AbstractConnector {
    private endpoint: Endpoint | undefined;

    constructor() {
      super(CLOSE_TIMEOUT_MS);
    }

    /** Whether the server may stay connected, by the role in its INFO. */
    override check({ role }: { readonly role?: string }): boolean {
      return role === undefined || role === 'master';
    }

    // A rejection would end the client for good, so failures are retried here for as long as it is in use.
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

    private open(endpoint: Endpoint) {
      const stream = openSocket(endpoint, tls);
      stream.once('error', (problem) => {
        this.firstError = problem;
      });
      stream.once('close', () => connections.delete(this));
      connections.add(this);
      this.endpoint = endpoint;
      this.stream = stream;
      return stream;
    }

    leaveUnless({ host, port }: Endpoint): void {
      if (this.endpoint?.host !== host || this.endpoint.port !== port) this.stream.destroy();
    }
  }

  return {
    Connector: MasterConnector,
    close() {
      for (const connection of sentinels) connection.disconnect();
    },
  };
}
