import { setTimeout as pause } from 'node:timers/promises';
import { passwordOf } from '../support/users.ts';
import { type Answer, type Ask, createAsk } from './ask.ts';
import type { Entry, Ledger } from './ledger.ts';
import { type Pods, USERS } from './pods.ts';

export interface Load {
  /** Every answer so far. */
  readonly answers: readonly Answer[];
  stop(): Promise<void>;
}

// Enough to have every kind of request under way at any time, little enough that a machine with two cores keeps up.
const WORKERS = 16;
const USERS_PER_WORKER = Math.floor(USERS.length / WORKERS);
const SESSIONS_PER_WORKER = 6;
const LONGEST_PAUSE_MS = 60;
const REMEMBERED_ENDS = 20;

/** Loads a service with a bounded number of callers, each with sessions of its own, until it is stopped. */
export function startLoad({ url, all }: Pods, ledger: Ledger): Load {
  const ask = createAsk(url);
  const pods = all.map((pod) => createAsk(pod.url));
  const answers: Answer[] = [];
  const recorded: Ask = async (call) => {
    const answer = await ask(call);
    answers.push(answer);
    return answer;
  };
  let running = true;
  const workers = Array.from({ length: WORKERS }, async (_, position) => {
    const users = USERS.slice(position * USERS_PER_WORKER, (position + 1) * USERS_PER_WORKER);
    const step = createWorker({ ask: recorded, pods, ledger, users });
    while (running) {
      await step();
      await pause(Math.random() * LONGEST_PAUSE_MS);
    }
  });
  return {
    answers,
    async stop() {
      running = false;
      await Promise.all(workers);
    },
  };
}

/** One caller: each step is one request, about a session that nobody else asks about. */
function createWorker(deps: {
  readonly ask: Ask;
  readonly pods: readonly Ask[];
  readonly ledger: Ledger;
  readonly users: readonly string[];
}): () => Promise<void> {
  const { ask, pods, ledger, users } = deps;
  let mine: Entry[] = [];
  let past: Entry[] = [];

  async function login(): Promise<void> {
    const username = pick(users) as string;
    const body = { username, password: passwordOf(username) };
    const { status, sentAt, token, body: session } = await ask({ kind: 'login', method: 'POST', path: '/login', body });
    if (status !== 200 || token === undefined) return;
    const entry = ledger.loggedIn({ user: username, sessionId: String(session.sessionId), token, sentAt });
    if (entry !== undefined) mine.push(entry);
  }

  async function verify(entry: Entry, kind: 'verify' | 'fresh'): Promise<void> {
    const { status, sentAt } = await ask({ kind, method: 'GET', path: '/verify', token: entry.token });
    const from = kind === 'fresh' ? 'store' : 'any';
    if (status === 200) ledger.told(entry, 'there', sentAt, from);
    if (status === 401) ledger.told(entry, 'absent', sentAt, from);
  }

  /** Asks one pod, past the load balancer: one that is cut off is no longer asked by that, and may be wrong longest. */
  async function verifyEnded(entry: Entry): Promise<void> {
    const kind = Math.random() < 0.7 ? 'verify' : 'fresh';
    const askPod = pick(pods) as Ask;
    const { status, sentAt } = await askPod({ kind, method: 'GET', path: '/verify', token: entry.token });
    if (status === 200) ledger.told(entry, 'there', sentAt, kind === 'fresh' ? 'store' : 'any');
  }

  async function change(entry: Entry): Promise<void> {
    const body = { increment: { count: 1 } };
    const call = { kind: 'change', method: 'PATCH', path: '/session', token: entry.token, body } as const;
    const { status, sentAt } = await ask(call);
    if (status === 200) entry.counted += 1;
    else if (status === 401) ledger.told(entry, 'absent', sentAt, 'any');
    else entry.perhapsCounted += 1;
  }

  async function renew(entry: Entry): Promise<void> {
    const again = entry.state === 'renewing';
    const call = { kind: 'renew', method: 'POST', path: '/session/renew', token: entry.token } as const;
    const { status, sentAt, token } = await ask(call);
    // Everything may have been deleted meanwhile.
    if (entry.state === 'ended') return;
    if (status === 200 && token !== undefined) {
      entry.token = token;
      entry.state = 'live';
    } else if (status !== 401) {
      entry.state = 'renewing';
    } else if (again) {
      // Renewed unheard, and asked for again after the grace: a replay, as far as the service can tell.
      entry.state = 'unknown';
    } else {
      ledger.told(entry, 'absent', sentAt, 'any');
    }
  }

  async function logout(entry: Entry): Promise<void> {
    entry.state = 'ending';
    const { status } = await ask({ kind: 'logout', method: 'POST', path: '/logout', token: entry.token });
    if (status === 204 && entry.state === 'ending') ledger.ended(entry);
  }

  async function revoke(target: Entry, by: Entry): Promise<void> {
    target.state = 'ending';
    const path = `/sessions/${target.sessionId}`;
    const { status, sentAt } = await ask({ kind: 'revoke', method: 'DELETE', path, token: by.token });
    if (status === 401) ledger.told(by, 'absent', sentAt, 'any');
    if (target.state !== 'ending') return;
    if (status === 204) ledger.ended(target);
    if (status === 404) {
      target.state = 'live';
      ledger.told(target, 'absent', sentAt, 'any');
    }
  }

  return async () => {
    past = [...past, ...mine.filter(({ state }) => state === 'ended')].slice(-REMEMBERED_ENDS);
    mine = mine.filter(({ state, calledAbsent }) => state !== 'ended' && state !== 'unknown' && !calledAbsent);
    const live = mine.filter(({ state }) => state === 'live');
    const unanswered = mine.find(({ state }) => state !== 'live');
    const ended = pick(past);
    const entry = pick(live);
    // What was not answered is asked for again, as callers do.
    if (unanswered !== undefined && Math.random() < 0.4) {
      return unanswered.state === 'renewing' ? renew(unanswered) : logout(unanswered);
    }
    const dice = Math.random();
    if (entry === undefined || (live.length < SESSIONS_PER_WORKER && Math.random() < 0.3)) return login();
    if (dice < 0.4) return verify(entry, 'verify');
    if (dice < 0.55) return verify(entry, 'fresh');
    if (dice < 0.67 && ended !== undefined) return verifyEnded(ended);
    if (dice < 0.8) return change(entry);
    if (dice < 0.86) return renew(entry);
    const other = live.find(({ user, sessionId }) => user === entry.user && sessionId !== entry.sessionId);
    return other === undefined || dice < 0.93 ? logout(entry) : revoke(other, entry);
  };
}

function pick<T>(list: readonly T[]): T | undefined {
  return list[Math.floor(Math.random() * list.length)];
}
