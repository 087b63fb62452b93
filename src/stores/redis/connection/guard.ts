import { CircuitState, ConsecutiveBreaker, circuitBreaker, handleWhen } from 'cockatiel';
import { Cluster } from 'ioredis';
import { SessionError } from '../../../session/errors.ts';
import { NO_MASTER, ping, type RedisClient } from './connect.ts';
import { COMMAND_DEADLINE_MS, withDeadline } from './deadline.ts';

/** How every command of the store is asked: with a deadline, and not at all while Redis is known not to answer. */
export interface Guard {
  /**
   * Sends a command and answers what Redis does. A command that a server refuses because it is no master (any more) is
   * sent once more when the client has found the master.
   *
   * @param shard the shard asked, or the key where that belongs to none; in a Cluster each has a breaker, for some may
   *   answer while others do not. Empty where any server will do
   * @param command its name in the metrics
   * @param waitedMs how much of its time has passed already
   * @throws {SessionError} `STORE_UNAVAILABLE`
   */
  ask<T>(shard: string, command: string, send: () => Promise<T>, waitedMs?: number): Promise<T>;
  /** How long a command may take. */
  readonly deadlineMs: number;
  /** Whether nothing is sent at present, be it to one shard only. */
  isOpen(): boolean;
  /** 0 closed, 1 half-open, 2 open: the worst of all breakers. */
  state(): 0 | 1 | 2;
  stop(): void;
}

export interface GuardOptions {
  readonly client: RedisClient;
  /** How long a command may take, milliseconds. */
  readonly deadlineMs?: number | undefined;
  /** Told how long each command took, in seconds. */
  readonly onCommand?: (command: string, seconds: number) => void;
  /** Told when Redis is found not to answer, and when it answers again. */
  readonly onChange?: (open: boolean, cause?: unknown) => void;
}

const FAILURES_TO_OPEN = 3;
const PROBE_PAUSE_MS = 100;
// What a node of a Cluster answers while slots are nobody's, and what while one goes to another node or has gone there;
// the client says the latter in its own words once it has followed enough of them.
const NO_SLOT = /^CLUSTERDOWN /;
const ON_ITS_WAY = /^(Too many Cluster redirections\. Last error: \w+: )?(TRYAGAIN|ASK|MOVED) /;

/**
 * Guards the commands of one client (M. Nygard, "Release It!", circuit breaker). After three failures in a row nothing
 * is sent any more, and all callers are refused at once; Redis is then asked ten times a second whether it is back, so
 * that no caller has to wait for that.
 */
export function createGuard({ client, deadlineMs = COMMAND_DEADLINE_MS, onCommand, onChange }: GuardOptions): Guard {
  const isCluster = client instanceof Cluster;
  const breakers = new Map<string, Breaker>();

  function breakerOf(shard: string): Breaker {
    const name = isCluster ? shard : '';
    let breaker = breakers.get(name);
    if (breaker === undefined) {
      // In a Cluster, a key of the shard leads to its master.
      const probe = (): Promise<unknown> => (name === '' ? ping(client) : client.exists(`{${name}}`));
      breaker = createBreaker(() => withDeadline(attempt(probe, deadlineMs), deadlineMs), report);
      breakers.set(name, breaker);
    }
    return breaker;
  }

  const states = () => [...breakers.values()].map(({ policy }) => policy.state);
  let open = false;

  function report(cause?: unknown): void {
    const now = states().some((state) => state !== CircuitState.Closed);
    if (now !== open) onChange?.(now, cause);
    open = now;
  }

  let reconnecting: Promise<void> | undefined;

  /**
   * The client sees a refusal too, and gives the connection up; then it has another one to a master. Its status still
   * says "ready" until the old one has been closed.
   */
  function reconnected(): Promise<void> {
    reconnecting ??= new Promise<void>((resolve) => {
      client.once('ready', resolve);
    }).finally(() => {
      reconnecting = undefined;
    });
    return reconnecting;
  }

  async function attempt<T>(send: () => Promise<T>, forMs: number): Promise<T> {
    const end = performance.now() + forMs;
    try {
      return await send();
    } catch (error) {
      if (!isRefusal(error)) throw error;
      await (isCluster ? slotsRefreshed(client) : reconnected());
      // Its caller was told that it failed, and may have done something else since.
      if (performance.now() >= end) throw error;
      return send();
    }
  }

  return {
    deadlineMs,

    async ask(shard, command, send, waitedMs = 0) {
      const { policy } = breakerOf(shard);
      // Why was said when the breaker opened.
      if (policy.state !== CircuitState.Closed) throw new SessionError('STORE_UNAVAILABLE');
      const start = performance.now();
      try {
        return await policy.execute(() => withDeadline(attempt(send, deadlineMs - waitedMs), deadlineMs - waitedMs));
      } catch (cause) {
        throw new SessionError('STORE_UNAVAILABLE', { cause });
      } finally {
        onCommand?.(command, (performance.now() - start) / 1000);
      }
    },

    isOpen: () => open,

    state() {
      if (!open) return 0;
      return states().includes(CircuitState.Open) ? 2 : 1;
    },

    stop() {
      for (const breaker of breakers.values()) breaker.stop();
    },
  };
}

interface Breaker {
  readonly policy: ReturnType<typeof circuitBreaker>;
  readonly stop: () => void;
}

/** A breaker that asks by itself whether it may close. */
function createBreaker(probe: () => Promise<unknown>, onChange: (cause?: unknown) => void): Breaker {
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  const policy = circuitBreaker(handleWhen(isFailure), {
    breaker: new ConsecutiveBreaker(FAILURES_TO_OPEN),
    // The pause is kept here: the library measures it by a clock that people set.
    halfOpenAfter: Number.NEGATIVE_INFINITY,
  });

  const probeLater = () => {
    if (stopped) return;
    timer = setTimeout(() => void policy.execute(probe).catch(() => undefined), PROBE_PAUSE_MS).unref();
  };
  policy.onBreak((reason) => {
    probeLater();
    onChange('error' in reason ? reason.error : undefined);
  });
  policy.onReset(() => onChange());
  return {
    policy,
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}

/** The client of a Cluster asks anew which node has what by itself, but not for what a pipeline has come upon. */
function slotsRefreshed(client: Cluster): Promise<void> {
  return new Promise((resolve) => {
    client.refreshSlotsCache(() => resolve());
  });
}

/** Whether an error says that Redis can't answer; others it has answered, with an error. */
function isFailure(error: unknown): boolean {
  // The rest of the shard can be read meanwhile.
  if (isOnItsWay(error)) return false;
  return !(error instanceof Error && error.name === 'ReplyError') || isRefusal(error);
}

/** Whether a server refused a command for what it is at present: nothing was done. */
export function isRefusal(error: unknown): error is Error {
  return error instanceof Error && [NO_MASTER, NO_SLOT, ON_ITS_WAY].some((words) => words.test(error.message));
}

/** Whether a node of a Cluster refused a command because of a slot that goes from one to another. */
export function isOnItsWay(error: unknown): boolean {
  return error instanceof Error && ON_ITS_WAY.test(error.message);
}
