import t, { type Test } from 'tap';
import { startBrowser, type Tab } from '../support/browser.ts';
import { cookieToken } from '../support/build.ts';
import { type Listening, listening } from '../support/listening.ts';
import { startRedis } from '../support/redis.ts';
import { until } from '../support/until.ts';

const browser = await startBrowser(t);

/** Milliseconds instead of minutes: no margin but half of what is left, and no heartbeats unless they are asked for. */
const OPTIONS = { heartbeatMs: 60_000, patienceMs: 1500 };

interface KeptTab extends Tab {
  readonly name: string;
  heard(): Promise<string[]>;
}

/** A browser that is logged in, with tabs `a` and `b` of an app that keeps its session alive. */
async function twoTabs(
  t: Test,
  env: Record<string, string>,
  options: object = {},
): Promise<Listening & { a: KeptTab; b: KeptTab }> {
  const service = await listening(t, env);
  const payload = { username: 'demo', password: 'demo-password' };
  const login = await service.app.inject({ method: 'POST', url: '/login', payload });
  const profile = await browser.profile();

  async function open(name: string): Promise<KeptTab> {
    const tab = await profile.open(`${service.url}/hello`);
    const cookie = { name: '__Host-sid', value: cookieToken(login), url: service.url, httpOnly: true, secure: true };
    await tab.send('Network.setCookie', { ...cookie, path: '/', sameSite: 'Strict' });
    await tab.evaluate(`import('/client.js').then(({ keepAlive }) => {
      const named = (init) => ({ ...init, headers: { 'x-tab': '${name}' } });
      globalThis.heard = [];
      globalThis.keeper = keepAlive({
        ...${JSON.stringify({ ...OPTIONS, ...options })},
        fetch: (url, init) => fetch(url, named(init)),
      });
      for (const type of ['expiring', 'renewed', 'ended']) keeper.addEventListener(type, () => heard.push(type));
    })`);
    await tab.until('keeper.leftMs > 0');
    return { ...tab, name, heard: () => tab.evaluate('heard') };
  }
  return { ...service, a: await open('a'), b: await open('b') };
}

/** What the tabs have sent but for their start. */
const changes = (asked: string[]) => asked.filter((line) => line.includes(' POST '));

t.test('the user moves the mouse in one tab: the session is renewed, once, by the tab that speaks', async (t) => {
  const { a, b, asked, app } = await twoTabs(t, { SESSION_IDLE_SECONDS: '4' });
  await b.moveMouse(5, 5);
  for (const tab of [a, b]) await tab.until(`heard.includes('renewed')`);
  t.same(changes(asked), ['a POST /session/renew']);
  t.equal(await app.sessions.count(), 1);

  await a.close();
  await b.moveMouse(9, 9);
  await b.until(`heard.filter((type) => type === 'renewed').length === 2`);
  t.same(changes(asked), ['a POST /session/renew', 'b POST /session/renew'], 'closing the tab hands over to the other');
});

t.test('a user who is gone is logged out by time, however many tabs are open', async (t) => {
  const { a, b, asked, app } = await twoTabs(t, { SESSION_IDLE_SECONDS: '2' });
  for (const tab of [a, b]) {
    // What a script does is no sign of a user.
    await tab.evaluate(`window.dispatchEvent(new Event('pointermove'))`);
    await tab.evaluate(`document.body.tabIndex = 0; document.body.focus(); scrollTo(0, 1)`);
    await tab.until(`heard.at(-1) === 'ended'`, 8000);
    t.same(await tab.heard(), ['expiring', 'ended']);
  }
  t.same(
    asked.filter((line) => /^[ab] /.test(line)),
    ['a GET /session', 'b GET /session'],
    'nothing was sent for it',
  );
  await until(async () => (await app.sessions.count()) === 0);
});

t.test('heartbeats keep the session of a user who types, and say in every tab when it was revoked', async (t) => {
  const { a, b, asked, app } = await twoTabs(t, {}, { heartbeatMs: 300 });
  const press = () => b.send('Input.dispatchKeyEvent', { type: 'keyDown', key: 'x' });
  await until(async () => {
    await press();
    return changes(asked).length >= 3;
  });
  t.same(new Set(changes(asked)), new Set(['a POST /session/heartbeat']));
  await app.sessions.revokeUser('demo', 'user');
  await until(async () => {
    await press();
    return (await b.heard()).length > 0;
  });
  await a.until('heard.length > 0');
  t.same([await a.heard(), await b.heard()], [['ended'], ['ended']]);
});

t.test('logging out in one tab ends the session in both, though the browser clears its storage', async (t) => {
  const { a, b } = await twoTabs(t, {});
  await a.evaluate(`fetch('/logout', { method: 'POST' }).then(() => keeper.end())`);
  for (const tab of [a, b]) {
    await tab.until(`heard.length > 0`);
    t.same(await tab.heard(), ['ended']);
  }
});

t.test('while Redis does not answer nobody is logged out, and afterwards the session goes on', async (t) => {
  const redis = await startRedis(t);
  const env = { REDIS_URL: redis.url, SESSION_TOUCH_SECONDS: '0' };
  const { a, b, asked } = await twoTabs(t, env, { heartbeatMs: 300 });
  redis.process.kill('SIGSTOP');
  const leftAtFirstMs = await b.evaluate<number>('keeper.leftMs');
  const before = changes(asked).length;
  let x = 0;
  await until(async () => {
    x += 5;
    await b.moveMouse(x, 5);
    return changes(asked).length >= before + 2;
  });
  // So far below what it was that any success after this is seen.
  await b.until(`keeper.leftMs < ${leftAtFirstMs - 1500}`);
  const leftMs = await b.evaluate<number>('keeper.leftMs');
  redis.process.kill('SIGCONT');
  for (const tab of [a, b]) {
    await tab.until(`keeper.leftMs > ${leftMs}`);
    t.same(await tab.heard(), []);
  }
});
