import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Certificates } from './certificates.ts';
import type { Owner } from './owner.ts';
import { freePort, haveCaughtUp, type RedisServer, startProcess, startRedis, stopProcess } from './redis.ts';
import { until } from './until.ts';

export interface RedisSentinels {
  readonly url: string;
  /** A master and two replicas, in no order that lasts. */
  readonly servers: readonly RedisServer[];
  readonly sentinels: readonly RedisServer[];
  /** The server that is master by its own word and that of every sentinel that runs; waits until they agree. */
  master(): Promise<RedisServer>;
  /** Waits until the replicas of the present master have all that was written to it. */
  inStep(): Promise<void>;
  /** Asks a sentinel to replace the present master, and answers when another one is. */
  failOver(): Promise<void>;
  /** Ends a server as kill -9 does. */
  kill(server: RedisServer): Promise<void>;
  /** Starts a server that was killed again, empty and as a master, and waits until the sentinels have demoted it. */
  revive(server: RedisServer): Promise<RedisServer>;
}

export interface SentinelOptions {
  /** Data servers and sentinels then speak TLS only. */
  readonly certificates?: Certificates;
  /** Lines of a configuration file, such as `user …`, of the data servers and of the sentinels. */
  readonly serverLines?: readonly string[];
  readonly sentinelLines?: readonly string[];
  /** Who the tests' own clients are, and the sentinels on the servers, where the default user may do too little. */
  readonly serverLogin?: Login;
  readonly sentinelLogin?: Login;
}

interface Login {
  readonly username: string;
  readonly password: string;
}

export const MASTER_NAME = 'main';

/**
 * Starts a master with two replicas and three sentinels of the test's own on loopback, and stops them with the test.
 * A master that is silent for half a second is replaced.
 */
export async function startSentinels(t: Owner, options: SentinelOptions = {}): Promise<RedisSentinels> {
  const { certificates, serverLines = [], sentinelLines = [], serverLogin, sentinelLogin } = options;
  const tls = certificates === undefined ? {} : { tls: { ca: certificates.ca } };
  const servers: RedisServer[] = [];
  const masterPort = await freePort();
  servers.push(await startData(masterPort));
  for (const port of [await freePort(), await freePort()]) servers.push(await startData(port, masterPort));
  const sentinels = await Promise.all([startSentinel(), startSentinel(), startSentinel()]);
  await until(async () => (await Promise.all(sentinels.map(seesAll))).every(Boolean), 20_000);
  await inStep();

  function startData(port: number, replicaOf?: number): Promise<RedisServer> {
    const login =
      serverLogin === undefined ? [] : ['--masteruser', serverLogin.username, '--masterauth', serverLogin.password];
    const master = replicaOf === undefined ? [] : ['--replicaof', `127.0.0.1 ${replicaOf}`];
    const quick = ['--repl-diskless-sync-delay', '0'];
    const lines = serverLines.flatMap((line) => {
      const [name, ...values] = line.split(' ');
      return [`--${name}`, ...values];
    });
    return startRedis(t, [...listening(port), ...login, ...quick, ...lines, ...master], port, {
      ...tls,
      ...serverLogin,
    });
  }

  async function startSentinel(): Promise<RedisServer> {
    const port = await freePort();
    const own =
      sentinelLogin === undefined
        ? []
        : [`sentinel sentinel-user ${sentinelLogin.username}`, `sentinel sentinel-pass ${sentinelLogin.password}`];
    const data =
      serverLogin === undefined
        ? []
        : [
            `sentinel auth-user ${MASTER_NAME} ${serverLogin.username}`,
            `sentinel auth-pass ${MASTER_NAME} ${serverLogin.password}`,
          ];
    const lines = [
      'bind 127.0.0.1',
      `sentinel monitor ${MASTER_NAME} 127.0.0.1 ${masterPort} 2`,
      `sentinel down-after-milliseconds ${MASTER_NAME} 500`,
      `sentinel failover-timeout ${MASTER_NAME} 1500`,
      ...data,
      ...own,
      ...sentinelLines,
    ];
    const command = async (folder: string) => {
      const file = join(folder, 'sentinel.conf');
      await writeFile(file, [`dir ${folder}`, ...lines, ''].join('\n'));
      return [file, '--sentinel', ...listening(port)];
    };
    const sentinel = await startProcess(t, port, command, { ...tls, ...sentinelLogin });
    // What sentinels tell each other every two seconds, and ask servers every ten, they do at once.
    await sentinel.client.call('SENTINEL', 'DEBUG', 'INFO-PERIOD', 200, 'PUBLISH-PERIOD', 200, 'ASK-PERIOD', 100);
    return sentinel;
  }

  function listening(port: number): string[] {
    return certificates === undefined ? ['--port', `${port}`] : certificates.redisArguments(port);
  }

  async function master(): Promise<RedisServer> {
    let found: RedisServer | undefined;
    await until(async () => {
      const ports = new Set(await Promise.all(sentinels.filter(runs).map(masterOf)));
      found = servers.find(({ port }) => ports.size === 1 && ports.has(port));
      return found !== undefined && runs(found) && (await roleOf(found)) === 'master';
    }, 20_000);
    return found as RedisServer;
  }

  async function inStep(): Promise<void> {
    await until(async () => {
      // On a busy machine there may be another one meanwhile.
      const followed = await master();
      const followers = servers.filter((server) => runs(server) && server !== followed);
      return haveCaughtUp(followed, followers);
    }, 20_000);
  }

  async function failOver(): Promise<void> {
    const former = await master();
    const replaced = () =>
      until(async () => (await master()) !== former, 8000).then(
        () => true,
        () => false,
      );
    // On a busy machine it may come to nothing, and then it is asked for again.
    await until(async () => {
      await sentinels[0]?.client.call('SENTINEL', 'FAILOVER', MASTER_NAME).catch(() => undefined);
      return replaced();
    }, 30_000);
  }

  return {
    url: `redis${certificates === undefined ? '' : 's'}+sentinel://${sentinels.map(({ port }) => `127.0.0.1:${port}`)}/${MASTER_NAME}`,
    servers,
    sentinels,
    master,
    inStep,
    failOver,
    kill: stopProcess,
    async revive(server) {
      const revived = await startData(server.port);
      servers.splice(servers.indexOf(server), 1, revived);
      await until(async () => (await roleOf(revived)) === 'slave', 20_000);
      return revived;
    },
  };
}

function runs({ process }: RedisServer): boolean {
  return process.exitCode === null && process.signalCode === null;
}

async function roleOf({ client }: RedisServer): Promise<string> {
  return String((await client.role())[0]);
}

async function masterOf({ client }: RedisServer): Promise<number> {
  const [, port] = (await client.call('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', MASTER_NAME)) as [string, string];
  return Number(port);
}

/** Whether a sentinel knows the other two, and two replicas that are in step with their master. */
async function seesAll({ client }: RedisServer): Promise<boolean> {
  const quorum = await client.call('SENTINEL', 'CKQUORUM', MASTER_NAME).catch(() => '');
  const replicas = JSON.stringify(await client.call('SENTINEL', 'REPLICAS', MASTER_NAME));
  return String(quorum).startsWith('OK 3 ') && replicas.split('"master-link-status","ok"').length === 3;
}
