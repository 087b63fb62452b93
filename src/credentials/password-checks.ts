import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { ApiError } from '../http/errors.ts';
import type { PasswordCheck } from './password-worker.ts';

/** Checks passwords in threads of their own, at a lower priority than that of the requests. */
export interface PasswordChecks {
  /**
   * Whether the password belongs to an argon2id or scrypt PHC string.
   *
   * @throws {ApiError} `OVERLOADED` when too many checks wait already, or this one has waited too long;
   *   `CREDENTIALS_UNAVAILABLE` when the thread ends
   */
  verify(phcString: string, password: string): Promise<boolean>;
  /** Ends the threads. Checks that wait or run are rejected with `CREDENTIALS_UNAVAILABLE`. */
  close(): Promise<void>;
}

interface Job extends PasswordCheck {
  readonly since: number;
  readonly done: (matches: boolean) => void;
  readonly failed: (problem: Error) => void;
}

const MAX_THREADS = 4;
const MAX_WAITING = 200;
const LONGEST_WAIT_MS = 8000;
const RETRY_AFTER_SECONDS = 2;

/** Creates the queue of checks. Threads start with the first checks, as many as there are cores, up to four. */
export function createPasswordChecks(): PasswordChecks {
  const waiting: Job[] = [];
  const running = new Map<Worker, Job>();
  const idle: Worker[] = [];
  const maxThreads = Math.min(MAX_THREADS, availableParallelism());

  function start(): Worker {
    const worker = new Worker(new URL('password-worker.ts', import.meta.url));
    worker.on('message', (matches: boolean) => {
      running.get(worker)?.done(matches);
      running.delete(worker);
      idle.push(worker);
      // An idle thread does not keep the process alive.
      worker.unref();
      next();
    });
    // 'exit' follows.
    worker.on('error', (cause) => fail(worker, cause));
    worker.on('exit', () => fail(worker, new Error('the thread that checks passwords has ended')));
    return worker;
  }

  function fail(worker: Worker, cause: Error): void {
    const position = idle.indexOf(worker);
    if (position !== -1) idle.splice(position, 1);
    running.get(worker)?.failed(new ApiError('CREDENTIALS_UNAVAILABLE', { cause, retryAfter: 1 }));
    running.delete(worker);
    next();
  }

  function next(): void {
    while (waiting.length > 0 && (idle.length > 0 || running.size < maxThreads)) {
      const job = waiting.shift() as Job;
      if (performance.now() - job.since > LONGEST_WAIT_MS) {
        job.failed(overloaded());
        continue;
      }
      const worker = idle.pop() ?? start();
      worker.ref();
      running.set(worker, job);
      worker.postMessage({ phcString: job.phcString, password: job.password } satisfies PasswordCheck);
    }
  }

  return {
    verify: (phcString, password) =>
      new Promise((done, failed) => {
        if (waiting.length >= MAX_WAITING) throw overloaded();
        waiting.push({ phcString, password, since: performance.now(), done, failed });
        next();
      }),

    async close() {
      for (const { failed } of waiting.splice(0)) failed(new ApiError('CREDENTIALS_UNAVAILABLE', { retryAfter: 1 }));
      await Promise.all([...idle, ...running.keys()].map((worker) => worker.terminate()));
    },
  };
}

function overloaded(): ApiError {
  return new ApiError('OVERLOADED', { retryAfter: RETRY_AFTER_SECONDS });
}
