import t, { type Test } from 'tap';
import { type FakeTab, fakeService, MINUTE, pass, settle } from '../support/fake-service.ts';

/** Of several tabs, what each has sent after its start. */
const sentBy = (tabs: FakeTab[]) => tabs.map(({ sent }) => sent.slice(1));

/** Makes this process one like a browser without Web Locks, or on a page without TLS. */
function withoutLocks(t: Test): void {
  const { locks } = navigator;
  Object.defineProperty(navigator, 'locks', { value: undefined, configurable: true });
  t.teardown(() => Object.defineProperty(navigator, 'locks', { value: locks, configurable: true }));
}

for (const [name, prepare] of [
  ['with Web Locks', () => undefined],
  ['without Web Locks', withoutLocks],
] as const) {
  t.test(`${name}, use of any tab counts, and one tab speaks for all`, async (t) => {
    prepare(t);
    const { tab } = fakeService(t);
    // Drawn by lot, two may be the same to the second, which is a step of time here.
    const tabs = [await tab({ patienceMs: 0 }), await tab(), await tab()];
    await pass(11 * MINUTE, () => tabs[1]?.keeper.use());
    const sent = sentBy(tabs).filter((lines) => lines.length > 0);
    t.equal(sent.length, 1);
    t.equal(sent[0]?.length, 2);
    for (const { keeper } of tabs) t.ok((keeper.leftMs as number) > 28 * MINUTE);
  });

  t.test(`${name}, every tab learns of the renewal and of the end`, async (t) => {
    prepare(t);
    const { service, tab } = fakeService(t);
    const tabs = [await tab({ patienceMs: 0 }), await tab({ patienceMs: 5000 })];
    await pass(26 * MINUTE);
    tabs[1]?.keeper.use();
    await settle();
    t.same(sentBy(tabs), [[`${26 * MINUTE} POST /session/renew`], []]);
    service.revoked = true;
    await pass(6 * MINUTE, () => tabs[1]?.keeper.use());
    const heard = [`${25 * MINUTE} expiring`, `${26 * MINUTE} renewed`, `${31 * MINUTE} ended`];
    t.same(
      tabs.map(({ heard }) => heard),
      [heard, heard],
    );
  });

  t.test(`${name}, another tab speaks when the one that did is closed`, async (t) => {
    prepare(t);
    const { tab } = fakeService(t);
    const tabs = [await tab({ patienceMs: 0 }), await tab({ patienceMs: 5000 })] as const;
    await pass(6 * MINUTE, () => tabs[1].keeper.use());
    tabs[0].keeper.stop();
    await pass(6 * MINUTE, () => tabs[1].keeper.use());
    t.equal(tabs[0].sent.length, 2);
    t.equal(tabs[1].sent.length, 2);
  });
}

t.test('a tab that speaks but was frozen is not waited for longer than patience lasts', async (t) => {
  const { tab } = fakeService(t);
  const frozen = Promise.withResolvers<void>();
  void navigator.locks.request('sessiond:', () => frozen.promise);
  t.teardown(() => frozen.resolve());
  const { keeper, sent } = await tab({ patienceMs: 10_000 });
  await pass(6 * MINUTE, () => keeper.use());
  t.match(sent.slice(1), [/POST \/session\/heartbeat$/]);
  const waitedMs = Number.parseInt(sent[1] as string, 10) - 5 * MINUTE;
  t.ok(waitedMs >= 10_000 && waitedMs <= 21_000, `${waitedMs}`);
});

t.test('it is not waited for beyond the end of a short session either', async (t) => {
  const { tab } = fakeService(t, { idleMs: 20_000 });
  const frozen = Promise.withResolvers<void>();
  void navigator.locks.request('sessiond:', () => frozen.promise);
  t.teardown(() => frozen.resolve());
  const { keeper, sent, heard } = await tab({ patienceMs: 30_000 });
  await pass(3 * MINUTE, () => keeper.use());
  t.ok((keeper.leftMs as number) > 0, `${sent} ${heard}`);
  t.notOk(heard.some((line) => line.endsWith('ended')));
  t.ok(sent.length <= 1 + 3 * 6, `${sent.length} requests`);
});

t.test('while the service fails, the tabs do not take turns at asking', async (t) => {
  const { service, tab } = fakeService(t);
  const tabs = [await tab({ patienceMs: 0 }), await tab({ patienceMs: 5000 })];
  service.fault = () => new Response(null, { status: 503, headers: { 'retry-after': '40' } });
  await pass(7 * MINUTE, () => tabs[1]?.keeper.use());
  t.same(
    sentBy(tabs).map(({ length }) => length),
    [4, 0],
  );
});

t.test('when the app logs out in one tab, the session has ended in all, once in each', async (t) => {
  const { tab } = fakeService(t);
  const tabs = [await tab(), await tab()];
  tabs[1]?.keeper.end();
  await settle();
  await pass(31 * MINUTE);
  t.same(
    tabs.map(({ heard }) => heard),
    [['0 ended'], ['0 ended']],
  );
});

t.test('a login in one tab ends the session before it in the others, and not the other way round', async (t) => {
  const { service, tab } = fakeService(t);
  const old = await tab();
  Object.assign(service, { sessionId: 'two', createdAt: service.createdAt + 1 });
  const young = await tab();
  t.same(old.heard, ['0 ended']);
  Object.assign(service, { sessionId: 'one', createdAt: service.createdAt - 1 });
  await tab();
  t.same(young.heard, []);
});

t.test('a tab that is stopped leaves the session to the others', async (t) => {
  const { tab } = fakeService(t);
  const tabs = [await tab(), await tab()] as const;
  tabs[0].keeper.stop();
  await settle();
  t.same(tabs[1].heard, []);
  t.equal(tabs[1].keeper.leftMs, 30 * MINUTE);
});
