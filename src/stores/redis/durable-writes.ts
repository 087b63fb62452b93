import { Cluster } from 'ioredis';
import { SessionError } from '../../session/errors.ts';
import type { RedisClient } from './connection/connect.ts';
import { type Guard, isRefusal } from './connection/guard.ts';
import { createKeys } from './layout/keys.ts';
import { type Argument, isUnknownScript, loadScript, type ScriptName } from './scripts/run-script.ts';

/** Long for replicas near by; twice that and a command are still within the quarter of a second that callers wait. */
const WAIT_MS = 80;
const MAX_BATCH = 128;

export interface DurableWrites {
  /**
   * Runs a script, and answers when so many replicas have what it wrote.
   *
   * @throws {SessionError} `DURABILITY_NOT_CONFIRMED`: it was run, but replicas did not say so in time;
   *   `STORE_UNAVAILABLE`: it may or may not have been run
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

interface Line {
  readonly waiting: Write[];
  busy: boolean;
}

/**
 * Writes that replicas must have (redis.io, WAIT). A connection waits as a whole, so they have one of their own; and
 * all that come while one batch waits are the next batch, with one WAIT for all (group commit).
 *
 * @param client a client of its own, with a guard of its own: while replicas are missing, reads go on
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
  const lines = new Map<string, Line>();

  function lineOf(shard: string): Line {
    // A pipeline goes to one server; in a Cluster, that of its shard.
    const name = client instanceof Cluster ? shard : '';
    let line = lines.get(name);
    if (line === undefined) {
      line = { waiting: [], busy: false };
      lines.set(name, line);
    }
    return line;
  }

  async function empty(line: Line, shard: string): Promise<void> {
    if (line.busy) return;
    line.busy = true;
    while (line.waiting.length > 0) await commit(shard, inTime(line.waiting.splice(0, MAX_BATCH)));
    line.busy = false;
  }

  /** Those whose callers will still be there when they are confirmed; the others are not begun. */
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
      for (const [place, { resolve, reject }] of batch.entries()) {
        const [problem, answer] = answers[place] ?? [];
        if (problem) reject(new SessionError('STORE_UNAVAILABLE', { cause: problem }));
        else if (acknowledged < replicas) reject(new SessionError('DURABILITY_NOT_CONFIRMED'));
        else resolve(answer);
      }
    } catch (problem) {
      for (const { reject } of batch) reject(problem);
    }
  }

  /**
   * Answers of the scripts, and last that of WAIT. A server waits for all it has written when the last command of the
   * connection was done, whoever wrote it (processCommand, `woff`): so it is confirmed too what was changed before, and
   * is asked for again with nothing left to change.
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
    // Only where nothing was done is it all sent once more.
    if (batch.every((_, place) => isRefusal(answers[place]?.[0]))) throw answers[0]?.[0];
    const unknown = [...batch.keys()].filter((place) => isUnknownScript(answers[place]?.[0]));
    if (byHash && unknown.length > 0) {
      const again = await send(
        unknown.map((place) => batch[place] as Write),
        false,
      );
      for (const [i, place] of [...unknown, batch.length].entries()) answers[place] = again[i] as Answer;
    }
    return answers;
  }

  return {
    run(shard, name, args) {
      return new Promise((resolve, reject) => {
        const line = lineOf(shard);
        line.waiting.push({ shard, name, args, since: performance.now(), resolve, reject });
        void empty(line, shard);
      });
    },
  };
}
