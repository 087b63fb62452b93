import { keepAlive } from '../client.js';
import { deviceName } from './device-name.js';

/** @typedef {{ sessionId: string, userId: string | null, createdAt: number, lastSeenAt: number, current: boolean, device: { ip: string, userAgent: string } }} Session */
/** @typedef {Element & { textContent: string, hidden: boolean, value: string, dateTime: string }} View */

// The service may stand behind a path of a proxy's.
const BASE = location.pathname.replace(/\/login\.html$/, '');
const WHEN = new Intl.DateTimeFormat(undefined, { month: 'short', day: 'numeric', hour: 'numeric', minute: '2-digit' });

/** What went wrong, by the code of the answer. @type {Record<string, (retryAfter: string | null) => string>} */
const SENTENCES = {
  INVALID_CREDENTIALS: () => 'The username or the password is wrong.',
  RATE_LIMITED: (seconds) => `Too many attempts. Try again in ${inWords(Number(seconds))}.`,
  SESSION_LIMIT_REACHED: () => 'You are logged in on too many devices. Log out on one of them first.',
  STORE_UNAVAILABLE: () => 'Sessions can not be reached at present. Try again in a moment.',
  CREDENTIALS_UNAVAILABLE: () => 'Passwords can not be checked at present. Try again in a moment.',
  SESSION_NOT_FOUND: () => 'That device was logged out already.',
  NO_CONNECTION: () => 'The service does not answer. Check your connection and try again.',
  COOKIE_LOST: () => 'Your browser did not keep the cookie. Over plain HTTP it may need COOKIE_SECURE=false.',
};

const login = view('#login');
const sessions = view('#sessions');
const form = /** @type {HTMLFormElement} */ (document.querySelector('#login form'));

/** @type {import('../client.d.ts').KeepAlive | undefined} */
let keeper;
let busy = false;

on(form, 'submit', logIn);
on(view('#logout'), 'click', logOut);
on(view('#others'), 'click', async () => {
  const { revoked } = await call('DELETE', '/sessions?keepCurrent=true');
  await refresh();
  say(`${revoked} ${revoked === 1 ? 'device was' : 'devices were'} logged out.`);
});
on(view('#everywhere'), 'click', async () => {
  await call('DELETE', '/sessions');
  keeper?.end();
});
document.addEventListener('visibilitychange', () => {
  if (!document.hidden && keeper) void attempt(refresh);
});
countDown();
setInterval(countDown, 500);
void attempt(refresh);

async function logIn() {
  const { username, password, remember } = Object.fromEntries(new FormData(form));
  await call('POST', '/login', { username, password, remember: remember !== undefined }).finally(() =>
    form.password.select(),
  );
  form.reset();
  say('');
  await refresh();
  if (!keeper) throw new Failure('COOKIE_LOST');
}

async function logOut() {
  await call('POST', '/logout');
  keeper?.end();
}

/** Shows what the service says: the user's sessions, or the form to log in. */
async function refresh() {
  const answer = await call('GET', '/sessions').catch((error) => {
    if (error.code !== 'NO_SESSION') throw error;
    return undefined;
  });
  const current = answer?.sessions.find((/** @type {Session} */ session) => session.current);
  if (!current?.userId) return showLogin();
  view('#user').textContent = current.userId;
  view('#list').replaceChildren(...answer.sessions.map(item));
  view('#others').hidden = answer.sessions.length < 2;
  if (keeper) return;
  keeper = watch();
  show(sessions);
  view('#sessions-title').focus();
}

/** Keeps the session alive while this page is used, and says so when it ends. */
function watch() {
  const started = keepAlive({ base: BASE });
  started.addEventListener('expiring', ({ detail }) =>
    say(
      detail.extendable
        ? `Still there? You will be logged out in ${inWords(detail.inMs / 1000)}.`
        : `You will have to log in again in ${inWords(detail.inMs / 1000)}.`,
    ),
  );
  started.addEventListener('renewed', () => say(''));
  started.addEventListener('ended', () => {
    keeper = undefined;
    // Another tab may have logged in anew.
    void attempt(refresh);
    say('You are logged out.');
  });
  return started;
}

function showLogin() {
  keeper?.end();
  view('#list').replaceChildren();
  show(login);
  form.username.focus();
}

/** @param {Session} session */
function item({ sessionId, createdAt, lastSeenAt, device, current }) {
  const template = /** @type {HTMLTemplateElement} */ (document.querySelector('template#session'));
  const row = /** @type {DocumentFragment} */ (template.content.cloneNode(true));
  const name = deviceName(device.userAgent);
  view('.device', row).textContent = name;
  view('.device', row).title = device.userAgent;
  view('.ip', row).textContent = device.ip;
  showTime(view('.created', row), createdAt);
  showTime(view('.seen', row), lastSeenAt);
  view('.current', row).hidden = !current;
  const end = view('button', row);
  end.hidden = current;
  end.setAttribute('aria-label', `Log out ${name}`);
  on(end, 'click', async () => {
    await call('DELETE', `/sessions/${encodeURIComponent(sessionId)}`).finally(refresh);
    say(`${name} was logged out.`);
    view('#sessions-title').focus();
  });
  return row;
}

/** @param {View} time @param {number} at */
function showTime(time, at) {
  time.dateTime = new Date(at).toISOString();
  time.textContent = WHEN.format(at);
}

function countDown() {
  const leftMs = keeper?.leftMs;
  // The line keeps its place while the time is not known yet: nothing moves under the pointer.
  view('#left').textContent = leftMs === undefined ? '…' : clock(leftMs);
}

/** Calls the service. @param {string} method @param {string} path @param {object} [body] */
async function call(method, path, body) {
  const init = { method, ...(body && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }) };
  const response = await fetch(BASE + path, init).catch(() => {
    throw new Failure('NO_CONNECTION');
  });
  keeper?.observe(response);
  const answer = response.status === 204 ? undefined : await response.json().catch(() => ({}));
  if (response.ok) return answer;
  throw new Failure(answer.code, response.headers.get('retry-after'), answer.message);
}

/** What a call failed of, as a sentence for the user. */
class Failure extends Error {
  /** @param {string} code @param {string | null} retryAfter @param {string} message */
  constructor(code, retryAfter = null, message = 'Something went wrong.') {
    super(SENTENCES[code]?.(retryAfter) ?? message);
    this.code = code;
  }
}

/** Says what went wrong, if something does. @param {() => Promise<void>} act */
async function attempt(act) {
  complain('');
  try {
    await act();
  } catch (error) {
    if (login.hidden && sessions.hidden) show(login);
    if (/** @type {Failure} */ (error).code !== 'NO_SESSION') complain(/** @type {Error} */ (error).message);
  }
}

/** Does what the user asks for, one thing at a time. @param {View | HTMLElement} target @param {string} type @param {() => Promise<void>} act */
function on(target, type, act) {
  target.addEventListener(type, async (event) => {
    event.preventDefault();
    if (busy) return;
    busy = true;
    await attempt(act);
    busy = false;
  });
}

/** @param {View} section */
function show(section) {
  login.hidden = section !== login;
  sessions.hidden = section !== sessions;
  document.title = section === login ? 'Log in' : 'Your sessions';
}

/** @param {string} sentence */
function complain(sentence) {
  for (const line of document.querySelectorAll('.error')) line.textContent = sentence;
}

/** @param {string} sentence */
function say(sentence) {
  view('#status').textContent = sentence;
}

/** @param {number} seconds */
function inWords(seconds) {
  const [amount, unit] = seconds > 90 ? [Math.round(seconds / 60), 'minute'] : [Math.ceil(seconds), 'second'];
  return `${amount} ${unit}${amount === 1 ? '' : 's'}`;
}

/** @param {number} ms */
function clock(ms) {
  const seconds = Math.floor(ms / 1000);
  const [hours, minutes, rest] = [seconds / 3600, (seconds / 60) % 60, seconds % 60].map(Math.floor);
  const two = (/** @type {number | undefined} */ part) => String(part).padStart(2, '0');
  return hours ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

/** @param {string} selector @param {ParentNode} within */
function view(selector, within = document) {
  return /** @type {any} */ (within.querySelector(selector));
}
