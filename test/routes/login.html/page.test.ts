import t, { type Test } from 'tap';
import { startBrowser, type Tab } from '../../support/browser.ts';
import { type Listening, listening } from '../../support/listening.ts';
import { startRedis } from '../../support/redis.ts';
import { loginAt } from '../../support/server.ts';
import { until } from '../../support/until.ts';
import { startWebhook } from '../../support/webhook.ts';

const browser = await startBrowser(t);

const LOGIN = `!document.querySelector('#login').hidden`;
const SESSIONS = `!document.querySelector('#sessions').hidden`;
const text = (selector: string) => `document.querySelector(${JSON.stringify(selector)}).innerText`;
const devices = `Array.from(document.querySelectorAll('#list .device'), ({ innerText }) => innerText)`;

interface Page extends Listening {
  readonly tab: Tab;
  /** Opens the page in one more tab of the same browser. */
  open(): Promise<Tab>;
}

/** A test of the page, in a browser of its own; it must break none of its policies. */
function onPage(sentence: string, run: (page: Page, t: Test) => Promise<void>, env: Record<string, string> = {}): void {
  t.test(sentence, async (t) => {
    const service = await listening(t, env);
    const profile = await browser.profile();
    const tabs: Tab[] = [];
    const open = async () => {
      const tab = await profile.open(`${service.url}/login.html`);
      tabs.push(tab);
      return tab;
    };
    await run({ ...service, tab: await open(), open }, t);
    t.same(
      tabs.flatMap(({ complaints }) => complaints),
      [],
      'nothing was forbidden, and no error left uncaught',
    );
    for (const tab of tabs) await tab.close();
  });
}

async function logIn(tab: Tab, { username = 'demo', password = 'demo-password' } = {}): Promise<void> {
  await tab.until(LOGIN);
  for (const [id, value] of Object.entries({ username, password })) {
    await tab.evaluate(`document.querySelector('#${id}').value = ''`);
    await tab.click(`#${id}`);
    await tab.type(value);
  }
  await tab.click('#login [type=submit]');
}

/** Somebody logs in elsewhere, with a program that calls itself so. */
async function logInElsewhere(url: string, userAgent: string): Promise<void> {
  const headers = { 'content-type': 'application/json', 'user-agent': userAgent };
  const body = JSON.stringify({ username: 'demo', password: 'demo-password' });
  await fetch(`${url}/login`, { method: 'POST', headers, body });
}

onPage('one logs in, after a wrong password, and sees for how long', async ({ tab }, t) => {
  await tab.until(`${LOGIN} && document.activeElement.id === 'username'`);
  await logIn(tab, { password: 'wrong' });
  await tab.until(`${text('#login .error')} === 'The username or the password is wrong.'`);
  t.equal(await tab.evaluate(`document.querySelector('#login .error').getAttribute('role')`), 'alert');
  await logIn(tab);
  await tab.until(SESSIONS);
  t.equal(await tab.evaluate(text('#user')), 'demo');
  t.same(await tab.evaluate(devices), ['Chrome on Linux']);
  t.equal(await tab.evaluate(text('#list .current')), 'This device');
  t.equal(await tab.evaluate('document.cookie'), '', 'no script sees the token');
  await tab.until(`/^(30:00|29:5\\d)$/.test(${text('#left')})`);
  await tab.until(`/^29:5[0-8]$/.test(${text('#left')})`);
});

onPage('one sees the other devices, and logs out one, or all', async ({ tab, url }, t) => {
  for (const agent of [
    'curl/8.14.1',
    'Mozilla/5.0 (Windows NT 10.0; rv:142.0) Firefox/142.0',
    '<img src=x onerror=x()>',
  ]) {
    await logInElsewhere(url, agent);
  }
  await logIn(tab);
  await tab.until(SESSIONS);
  t.same(await tab.evaluate(devices), ['Chrome on Linux', '<img', 'Firefox on Windows', 'curl']);
  await tab.click(`[aria-label="Log out Firefox on Windows"]`);
  await tab.until(`${text('#status')} === 'Firefox on Windows was logged out.'`);
  t.same(await tab.evaluate(devices), ['Chrome on Linux', '<img', 'curl']);
  t.equal(await tab.evaluate('document.activeElement.id'), 'sessions-title');
  await tab.click('#others');
  await tab.until(`${text('#status')} === '2 devices were logged out.'`);
  t.same(await tab.evaluate(devices), ['Chrome on Linux']);
  t.notOk(await tab.evaluate(`document.querySelector('#others').checkVisibility()`), 'there are no others');
});

onPage('one who logs out, here or everywhere, is logged out in every tab', async ({ tab, open, app }, t) => {
  for (const way of ['#logout', '#everywhere']) {
    await logIn(tab);
    await tab.until(SESSIONS);
    const other = await open();
    await other.until(`${SESSIONS} && ${text('#left')} !== '…'`);
    await tab.click(way);
    for (const each of [tab, other]) await each.until(`${LOGIN} && ${text('#status')} === 'You are logged out.'`);
    t.equal(await app.sessions.count(), 0, way);
  }
});

onPage('a session that was ended from elsewhere is noticed by the next click', async ({ tab, app }, t) => {
  await logIn(tab);
  await tab.until(SESSIONS);
  await app.sessions.revokeUser('demo', 'user');
  await tab.click('#everywhere');
  await tab.until(LOGIN);
  t.equal(await tab.evaluate(text('#login .error')), '');
});

onPage(
  'too many attempts are refused with the time to wait',
  async ({ tab }) => {
    await logIn(tab, { password: 'wrong' });
    await tab.until(`${text('#login .error')} !== ''`);
    await logIn(tab);
    await tab.until(`/^Too many attempts. Try again in (49|50) seconds.$/.test(${text('#login .error')})`);
  },
  { LOGIN_RATE_MAX: '1', LOGIN_RATE_WINDOW_SECONDS: '50' },
);

const webhook = await startWebhook(t, (response) => {
  response.writeHead(423, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ code: 'LOCKED', message: 'Ask your <b>administrator</b>.' }));
});
onPage(
  'a login that is refused shows the message of the refusal, as text',
  async ({ tab }) => {
    await logIn(tab);
    await tab.until(`${text('#login .error')} === 'Ask your <b>administrator</b>.'`);
  },
  { CREDENTIALS_URL: `http://${webhook.host}/` },
);

const redis = await startRedis(t);
onPage(
  'a store that does not answer is named, and logs nobody out',
  async ({ tab, app }, t) => {
    const look = `document.dispatchEvent(new Event('visibilitychange'))`;
    await logIn(tab);
    await tab.until(SESSIONS);
    redis.process.kill('SIGSTOP');
    await tab.evaluate(look);
    await tab.until(`${text('#sessions .error')}.startsWith('Sessions can not be reached at present.')`);
    redis.process.kill('SIGCONT');
    await until(async () => (await app.readiness.reasons()).length === 0);
    await tab.evaluate(look);
    await tab.until(`${text('#sessions .error')} === ''`);
    t.ok(await tab.evaluate(SESSIONS));
  },
  { REDIS_URL: redis.url },
);

onPage('a service that is gone is named', async ({ tab, app }) => {
  await tab.until(LOGIN);
  app.server.closeAllConnections();
  await app.close();
  await logIn(tab);
  await tab.until(`${text('#login .error')}.startsWith('The service does not answer.')`);
});

onPage('the page fits a telephone', async ({ tab, url }, t) => {
  await tab.send('Emulation.setDeviceMetricsOverride', { width: 320, height: 640, deviceScaleFactor: 1, mobile: true });
  await logInElsewhere(url, `Mozilla/5.0 (${'x'.repeat(300)})`);
  await loginAt(url);
  await logIn(tab);
  await tab.until(`${SESSIONS} && ${devices}.length === 3`);
  t.equal(await tab.evaluate('document.documentElement.scrollWidth'), 320);
});
