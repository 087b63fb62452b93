/** @import { KeepAliveOptions, SessionEnd } from './client.d.ts' */
/** @typedef {{ sessionId: string, createdAt: number, absoluteExpiresAt: number }} Session */
/** @typedef {{ expiresAt: number, endsAt: number, sentAt: number, renewed: boolean }} Sight of the session by the service */

const MINUTE_MS = 60_000;
const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = MINUTE_MS;
const ANSWER_TIMEOUT_MS = 10_000;
// Not scroll: pages scroll by themselves.
const SIGNS_OF_USE = ['pointerdown', 'pointermove', 'keydown', 'wheel', 'touchstart', 'focus', 'visibilitychange'];

const START = { method: 'GET', path: '/session' };
const RENEW = { method: 'POST', path: '/session/renew' };
const HEARTBEAT = { method: 'POST', path: '/session/heartbeat' };

/** @type {typeof import('./client.d.ts').keepAlive} */
export function keepAlive(options = {}) {
  return /** @type {import('./client.d.ts').KeepAlive} */ (new Keeper(options));
}

class Keeper extends EventTarget {
  #options;
  /** @type {Session | undefined} */
  #session;
  /** The end, on the service's clock and on this browser's. */
  #expiresAt = 0;
  #endsAt = Number.POSITIVE_INFINITY;
  #marginMs = 0;
  #warned = false;
  /** When the service saw the session last. */
  #seenAt = 0;
  /** The first sign of use the service has not heard of. @type {number | undefined} */
  #usedSince;
  #asking = false;
  #doubtful = false;
  #failures = 0;
  #retryAt = 0;
  /** Among tabs that wait, each waits a little differently. */
  #lot = Math.random();
  #patienceMs;
  #channel;
  #over = new AbortController();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /** @param {KeepAliveOptions} options */
  constructor({ base = '', renewBeforeMs = 5 * MINUTE_MS, heartbeatMs = 5 * MINUTE_MS, patienceMs = 30_000, ...rest }) {
    super();
    const { fetch = globalThis.fetch.bind(globalThis), now = Date.now } = rest;
    this.#options = { base, renewBeforeMs, heartbeatMs, fetch, now };
    this.#channel = new BroadcastChannel(`sessiond:${base}`);
    this.#channel.onmessage = ({ data }) => this.#hear(data);
    // The tab that holds the lock speaks. Where there are no locks, the tab that drew the shortest patience does.
    const { locks } = globalThis.navigator;
    this.#patienceMs = patienceMs * (locks ? 1 + this.#lot : this.#lot);
    locks?.request(`sessiond:${base}`, { signal: this.#over.signal }, () => this.#speak()).catch(() => undefined);
    for (const type of SIGNS_OF_USE) {
      globalThis.addEventListener?.(type, this.#onSign, { capture: true, passive: true, signal: this.#over.signal });
    }
    this.#plan();
  }

  get leftMs() {
    return this.#session && Math.max(0, this.#endsAt - this.#options.now());
  }

  use() {
    if (this.#usedSince !== undefined) return;
    this.#usedSince = this.#options.now();
    this.#tell({ type: 'used', at: this.#usedSince });
    this.#plan();
  }

  /** @type {import('./client.d.ts').KeepAlive['observe']} */
  observe(response) {
    const end = this.#endOf(response);
    // A 401 may have other reasons; the service is asked for its own.
    if (response.status === 401) this.#doubtful = true;
    else if (end) this.#saw({ ...end, sentAt: this.#options.now(), renewed: false });
    this.#plan();
    return response;
  }

  end() {
    if (this.#over.signal.aborted) return;
    this.#tell({ type: 'ended' });
    this.stop();
    this.#emit('ended');
  }

  stop() {
    this.#over.abort();
    clearTimeout(this.#timer);
    this.#channel.close();
  }

  /** Holds the lock until the keeper is stopped or its tab closed. */
  #speak() {
    this.#patienceMs = 0;
    this.#plan();
    return new Promise((resolve) => this.#over.signal.addEventListener('abort', resolve));
  }

  /** @param {Event} event */
  #onSign = ({ isTrusted, type, target }) => {
    // Scripts make events too, and move the focus within a page.
    const byScript = !isTrusted || (type === 'focus' && target !== globalThis);
    if (!byScript && !(type === 'visibilitychange' && document.hidden)) this.use();
  };

  /** Does what is due, and comes back when the next thing is. */
  #plan = () => {
    clearTimeout(this.#timer);
    if (this.#over.signal.aborted) return;
    const now = this.#options.now();
    if (now >= this.#endsAt) return this.end();
    if (now >= this.#warnAt) {
      this.#warned = true;
      this.#emit('expiring');
    }
    const next = this.#next();
    if (next && now >= next.at) return void this.#ask(next.request);
    const wakeAt = Math.min(this.#endsAt, this.#warnAt, next?.at ?? Infinity);
    // Timers stand still while a computer sleeps; a look at the clock now and then finds out.
    this.#timer = setTimeout(this.#plan, Math.min(wakeAt - now, MINUTE_MS));
  };

  /** What is to be asked next, and when. */
  #next() {
    if (this.#asking) return undefined;
    if (!this.#session || this.#doubtful) return { request: START, at: this.#retryAt };
    if (this.#usedSince === undefined || !this.#extendable) return undefined;
    const heartbeatAt = this.#seenAt + this.#options.heartbeatMs;
    // The tab that speaks may be gone before its lock is: of a short session, patience must leave time to renew it.
    const waitMs = Math.min(this.#patienceMs, (this.#marginMs * (1 + this.#lot)) / 3);
    const at = Math.max(Math.min(heartbeatAt, this.#nearEndAt), this.#usedSince, this.#retryAt) + waitMs;
    return { request: this.#nearEndAt <= at ? RENEW : HEARTBEAT, at };
  }

  get #nearEndAt() {
    return this.#endsAt - this.#marginMs;
  }

  /** Nothing to warn of while a renewal is on its way that has not failed yet. */
  get #warnAt() {
    const hopeful = this.#extendable && this.#usedSince !== undefined && this.#retryAt === 0;
    return this.#warned || hopeful ? Number.POSITIVE_INFINITY : this.#nearEndAt;
  }

  /** Whether activity moves the end: not when it is the absolute one. */
  get #extendable() {
    return this.#session !== undefined && this.#expiresAt < this.#session.absoluteExpiresAt;
  }

  /** @param {typeof START} request */
  async #ask(request) {
    const { base, fetch, now } = this.#options;
    const sentAt = now();
    const usedSince = this.#usedSince;
    this.#usedSince = undefined;
    this.#asking = true;
    try {
      const signal = AbortSignal.any([this.#over.signal, AbortSignal.timeout(ANSWER_TIMEOUT_MS)]);
      const response = await fetch(base + request.path, { method: request.method, credentials: 'include', signal });
      if (response.status === 401) return this.end();
      const end = this.#endOf(response);
      if (!response.ok || !end) return this.#failed(response, usedSince);
      if (request !== HEARTBEAT && !this.#isSame(await response.json())) return this.end();
      this.#saw({ ...end, sentAt, renewed: request === RENEW });
    } catch {
      this.#failed(undefined, usedSince);
    } finally {
      this.#asking = false;
      this.#plan();
    }
  }

  /** Another session in this browser means that this page's is over. @param {Session} session */
  #isSame(session) {
    this.#doubtful = false;
    if (this.#session) return session.sessionId === this.#session.sessionId;
    this.#session = session;
    this.#tell({ type: 'started', createdAt: session.createdAt });
    return true;
  }

  /**
   * An answer that proves nothing: the next attempt waits longer.
   * @param {Response | undefined} response @param {number | undefined} usedSince
   */
  #failed(response, usedSince) {
    const pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** this.#failures, LONGEST_PAUSE_MS) * (0.5 + this.#lot);
    const wantedMs = Number(response?.headers.get('retry-after') ?? 0) * 1000 || 0;
    this.#failures += 1;
    this.#usedSince ??= usedSince;
    this.#retryAt = this.#options.now() + Math.max(pauseMs, wantedMs);
    this.#tell({ type: 'failed', retryAt: this.#retryAt });
  }

  /** The end as an answer says it, told by the difference to its date, for clocks may be wrong. @param {Response} response */
  #endOf({ headers }) {
    const expiresAt = Date.parse(headers.get('x-session-expire') ?? '');
    if (Number.isNaN(expiresAt)) return undefined;
    const now = this.#options.now();
    return { expiresAt, endsAt: now + expiresAt - (Date.parse(headers.get('date') ?? '') || now) };
  }

  /** @param {Sight} sight */
  #saw(sight) {
    this.#tell({ type: 'seen', ...sight });
    this.#learn(sight);
  }

  /** @param {Sight} sight */
  #learn({ expiresAt, endsAt, sentAt, renewed }) {
    // Answers overtake each other, but the end only ever moves away.
    if (expiresAt > this.#expiresAt) {
      this.#expiresAt = expiresAt;
      this.#endsAt = endsAt;
      this.#marginMs = Math.min(this.#options.renewBeforeMs, (endsAt - this.#options.now()) / 2);
      this.#warned = false;
    }
    if ((this.#usedSince ?? 0) <= sentAt) this.#usedSince = undefined;
    this.#seenAt = Math.max(this.#seenAt, sentAt);
    this.#failures = 0;
    this.#retryAt = 0;
    if (renewed) this.#emit('renewed');
  }

  /** @param {{ type: string, [more: string]: unknown }} news */
  #tell(news) {
    if (this.#session && !this.#over.signal.aborted) {
      this.#channel.postMessage({ ...news, sessionId: this.#session.sessionId });
    }
  }

  /** News of another tab. @param {any} news */
  #hear({ type, sessionId, ...news }) {
    if (!this.#session) return;
    if (sessionId !== this.#session.sessionId) {
      if (type === 'started' && news.createdAt > this.#session.createdAt) this.end();
      return;
    }
    if (type === 'ended') return this.end();
    if (type === 'used') this.#usedSince ??= news.at;
    if (type === 'failed') this.#retryAt = Math.max(this.#retryAt, news.retryAt);
    if (type === 'seen') this.#learn(/** @type {Sight} */ (/** @type {unknown} */ (news)));
    this.#plan();
  }

  /** @param {'expiring' | 'renewed' | 'ended'} type */
  #emit(type) {
    const detail = { expiresAt: this.#expiresAt, inMs: this.leftMs ?? 0, extendable: this.#extendable };
    this.dispatchEvent(new CustomEvent(type, { detail: /** @type {SessionEnd} */ (detail) }));
  }
}
