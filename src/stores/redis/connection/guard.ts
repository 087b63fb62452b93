import { CircuitState, ConsecutiveBreaker, circuitBreaker, handleWhen } from 'cockatiel';
import { Cluster } from 'ioredis';
import { SessionError } from '../../../session/errors.ts';
import { NO_MASTER, ping, type RedisClient } from './connect.ts';
import { COMMAND_DEADLINE_MS, withDeadline } from './deadline.ts';

/** Sends the store's commands: each with a deadline, and none while Redis is known to be unavailable. */
export interface Guard {
  /**
   * Sends a command and returns the reply. A command that a server refuses because it is not, or no longer, a master is
   * sent once more when the client has found the master.
   *
   * @param shard the shard, or a key that belongs to none; empty where any server will do. In a Cluster each shard has its
   *   own breaker, because some may be available while others are not
   * @param command its name in the metrics
   * @param waitedMs the part of the deadline that has already passed
   * @throws {SessionError} `STORE_UNAVAILABLE`
   */
  ask<T>(shard: string, command: string, send: () => Promise<T>, waitedMs?: number): Promise<T>;
  /** How long a command may take. */
  readonly deadlineMs: number;
  /** Whether a breaker is open, if only that of one shard. */
  isOpen(): boolean;
  /** 0 closed, 1 half-open, 2 open: the worst of all breakers. */
  state(): 0 | 1 | 2;
  stop(): void;
}

export interface GuardOptions {
  readonly client: RedisClient;
  /** How long a command may take, milliseconds. */
  readonly deadlineMs?: number | undefined;
  /** Called after each command with the seconds it took. */
  readonly onCommand?: (command: string, seconds: number) => void;
  /** Called when Redis becomes unavailable, and when it is available again. */
  readonly onChange?: (open: boolean, cause?: unknown) => void;
}

const FAILURES_TO_OPEN = 3;
const PROBE_PAUSE_MS = 100;
// Replies of Cluster nodes: slots that no node serves, and slots that are being moved or have moved. The client reports the
// latter in its own words after following several redirections.
const NO_SLOT = /^CLUSTERDOWN /;
const ON_ITS_WAY = /^(Too many Cluster redirections\. Last error: \w+: )?(TRYAGAIN|ASK|MOVED) /;

/**
 * Guards the commands of one client with a circuit breaker (M. Nygard, "Release It!"). After three failures in a row all
 * commands fail immediately, and Redis is probed ten times a second, so that no caller waits for its return.
 */
export function createGuard({ client, deadlineMs = COMMAND_DEADLINE_MS, onCommand, onChange }: GuardOptions): Guard {
  const isCluster = client instanceof Cluster;
  const breakers = new Map<string, Breaker>();

  function breakerOf(shard: string): Breaker {
    const name = isCluster ? shard : '';
    let breaker = breakers.get(name);
    if (breaker === undefined) {
      // In a Cluster, a key of the shard is routed to the shard's master.
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
   * Resolves when the client has a new connection. The client closes the old one when it sees the refusal; until then its
   * status is still "ready".
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
      // The caller has already received an error, and may have acted on it.
      if (performance.now() >= end) throw error;
      return send();
    }
  }

  return {
    deadlineMs,

    async ask(shard, command, send, waitedMs = 0) {
      const { policy } = breakerOf(shard);
      // The cause was logged when the breaker opened.
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

/** A breaker that probes by itself whether it may close. */
function createBreaker(probe: () => Promise<unknown>, onChange: (cause?: unknown) => void): Breaker {
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  const policy = circuitBreaker(handleWhen(isFailure), {
    breaker: new ConsecutiveBreaker(FAILURES_TO_OPEN),
    // The pause is timed here: the library uses the system clock, which can be set.
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

/** Refreshes the slot map: the client does so by itself, but not after redirections inside a pipeline. */
function slotsRefreshed(client: Cluster): Promise<void> {
  return new Promise((resolve) => {
    client.refreshSlotsCache(() => resolve());
  });
}

/** Whether an error means that Redis is unavailable; any other error is a reply of Redis. */
function isFailure(error: unknown): boolean {
  // Keys of the shard that are not being moved can still be read.
  if (isOnItsWay(error)) return false;
  return !(error instanceof Error && error.name === 'ReplyError') || isRefusal(error);
}

/** Whether a server refused a command because of its present state; the command was not executed. */
export function isRefusal(error: unknown): error is Error {
  return error instanceof Error && [NO_MASTER, NO_SLOT, ON_ITS_WAY].some((words) => words.test(error.message));
}

/** Whether a Cluster node refused a command because its slot is being moved or has moved. */
export function isOnItsWay(error: unknown): boolean {
  return error instanceof Error && ON_ITS_WAY.test(error.message);
}
