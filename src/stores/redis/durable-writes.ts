import { Cluster } from 'ioredis';
import { SessionError } from '../../session/errors.ts';
import type { RedisClient } from './connection/connect.ts';
import { type Guard, isRefusal } from './connection/guard.ts';
import { createKeys } from './layout/keys.ts';
import { type Argument, isUnknownScript, loadScript, type ScriptName } from './scripts/run-script.ts';

/** Ample for replicas in the same network; two waits and a command still fit into the 250 ms that callers wait. */
const WAIT_MS = 80;
const MAX_BATCH = 128;

export interface DurableWrites {
  /**
   * Runs a script, and returns its reply once enough replicas have acknowledged the write.
   *
   * @throws {SessionError} `DURABILITY_NOT_CONFIRMED`: it was executed, but too few replicas acknowledged it in time;
   *   `STORE_UNAVAILABLE`: it may or may not have been executed
   */
  run(shard: string, name: ScriptName, args: readonly Argument[]): Promise<unknown>;
}

interface Write {
  readonly shard: string;
  readonly name: ScriptName;
  readonly args: readonly Argument[];
  /** On the clock of `performance.now()`. */
  readonly since: number;
  readonly resolve: (answer: unknown) => void;
  readonly reject: (problem: unknown) => void;
}

type Answer = [problem: Error | null, answer: unknown];

interface Queue {
  readonly waiting: Write[];
  busy: boolean;
}

/**
 * Writes that replicas must acknowledge (redis.io, WAIT). WAIT blocks its connection, so these writes have one of their
 * own. Writes that arrive while a batch waits form the next batch, with one WAIT for all of them (group commit).
 *
 * @param client a client with a guard of its own, so that reads go on while replicas are missing
 */
export function createDurableWrites(deps: {
  readonly client: RedisClient;
  readonly guard: Guard;
  readonly replicas: number;
  /** First part of every key's name. */
  readonly prefix: string;
}): DurableWrites {
  const { client, guard, replicas } = deps;
  const keys = createKeys(deps.prefix);
  const queues = new Map<string, Queue>();

  function queueOf(shard: string): Queue {
    // A pipeline goes to one server; in a Cluster, that of its shard.
    const name = client instanceof Cluster ? shard : '';
    let queue = queues.get(name);
    if (queue === undefined) {
      queue = { waiting: [], busy: false };
      queues.set(name, queue);
    }
    return queue;
  }

  async function drain(queue: Queue, shard: string): Promise<void> {
    if (queue.busy) return;
    queue.busy = true;
    while (queue.waiting.length > 0) await commit(shard, inTime(queue.waiting.splice(0, MAX_BATCH)));
    queue.busy = false;
  }

  /** Returns the writes that can be confirmed before their callers' deadline; rejects the others unsent. */
  function inTime(batch: readonly Write[]): Write[] {
    const latest = performance.now() - (guard.deadlineMs - WAIT_MS);
    return batch.filter(({ since, reject }) => {
      if (since < latest) reject(new SessionError('STORE_UNAVAILABLE'));
      return since >= latest;
    });
  }

  async function commit(shard: string, batch: readonly Write[]): Promise<void> {
    const [oldest] = batch;
    if (oldest === undefined) return;
    try {
      const answers = await guard.ask(shard, 'durable', () => send(batch), performance.now() - oldest.since);
      const acknowledged = Number(answers.pop()?.[1] ?? 0);
      for (const [index, { resolve, reject }] of batch.entries()) {
        const [problem, answer] = answers[index] ?? [];
        if (problem) reject(new SessionError('STORE_UNAVAILABLE', { cause: problem }));
        else if (acknowledged < replicas) reject(new SessionError('DURABILITY_NOT_CONFIRMED'));
        else resolve(answer);
      }
    } catch (problem) {
      for (const { reject } of batch) reject(problem);
    }
  }

  /**
   * Returns the replies of the scripts, and last that of WAIT. WAIT covers the replication offset at the connection's last
   * command, whoever wrote before it (processCommand, `woff`): a repeated call that finds nothing left to change still
   * confirms the first one.
   */
  async function send(batch: readonly Write[], byHash = true): Promise<Answer[]> {
    const pipeline = client.pipeline();
    for (const { shard, name, args } of batch) {
      const { lua, sha } = loadScript(name);
      const given = keys.ofScript(shard);
      if (byHash) pipeline.evalsha(sha, given.length, ...given, ...args);
      else pipeline.eval(lua, given.length, ...given, ...args);
    }
    const answers: Answer[] = (await pipeline.wait(replicas, WAIT_MS).exec()) ?? [];
    // The batch is sent once more only if no script was executed.
    if (batch.every((_, index) => isRefusal(answers[index]?.[0]))) throw answers[0]?.[0];
    const unknown = [...batch.keys()].filter((index) => isUnknownScript(answers[index]?.[0]));
    if (byHash && unknown.length > 0) {
      const again = await send(
        unknown.map((index) => batch[index] as Write),
        false,
      );
      for (const [i, index] of [...unknown, batch.length].entries()) answers[index] = again[i] as Answer;
    }
    return answers;
  }

  return {
    run(shard, name, args) {
      return new Promise((resolve, reject) => {
        const queue = queueOf(shard);
        queue.waiting.push({ shard, name, args, since: performance.now(), resolve, reject });
        void drain(queue, shard);
      });
    },
  };
}
