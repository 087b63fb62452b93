import type { Test } from 'tap';
import { newSessionId } from '../../../src/session/session-id.ts';
import type { NewSession, Position, SessionStore } from '../../../src/session/store.ts';
import { until } from '../../support/until.ts';

const device = { ip: '192.0.2.1', userAgent: 'Browser/1.0 (with / and "quotes")' };
const nothing = { set: {}, remove: [], increment: {} };

export interface StoreUnderTest {
  readonly store: SessionStore;
  /** Lets at least so many milliseconds of the store's time pass. */
  elapse(ms: number): Promise<void>;
}

/** The contract of SessionStore (src/session/store.ts), for each store the same. */
export function storeContract(t: Test, make: (t: Test) => Promise<StoreUnderTest>): void {
  const fresh = (userId: string | null, more: Partial<NewSession> = {}): NewSession => ({
    sessionId: newSessionId(userId),
    userId,
    idleMs: 1_800_000,
    absoluteMs: 86_400_000,
    metadata: {},
    device,
    ...more,
  });

  const start = async (store: SessionStore, input: NewSession) => {
    const created = await store.create(input);
    if (created.status !== 'created') throw new Error(created.status);
    return created.session;
  };

  const listAll = async (store: SessionStore, userId: string) => (await store.list({ userId, limit: 1000 })).sessions;

  t.test('a session that was created is read as it was created', async (t) => {
    const { store } = await make(t);
    const input = fresh('ann', { metadata: { cart: ['book'] } });
    const before = store.now();
    const session = await start(store, input);
    t.match(session, {
      sessionId: input.sessionId,
      userId: 'ann',
      idleMs: 1_800_000,
      generation: 1,
      renewedAt: session.createdAt,
      graceGeneration: 1,
      remember: false,
      version: 1,
      metadata: { cart: ['book'] },
      device,
    });
    t.ok(Math.abs(session.createdAt - before) < 1000, 'stamped by the store’s clock');
    t.equal(session.authenticatedAt, session.createdAt);
    t.equal(session.lastSeenAt, session.createdAt);
    t.equal(session.absoluteExpiresAt, session.createdAt + 86_400_000);
    t.same(await store.read(input.sessionId), session);
  });

  t.test('an anonymous session has no user, and was never authenticated', async (t) => {
    const { store } = await make(t);
    const session = await start(store, fresh(null));
    t.match(session, { userId: null, authenticatedAt: null });
    t.same(await store.read(session.sessionId), session);
  });

  t.test('what is absent is read as undefined and is never written', async (t) => {
    const { store } = await make(t);
    const id = newSessionId('nobody');
    t.equal(await store.read(id), undefined);
    t.equal(await store.touch(id), undefined);
    t.same(await store.patch({ sessionId: id, patch: { ...nothing, set: { a: 1 } } }), { status: 'absent' });
    t.equal(await store.revoke(id), undefined);
    t.same(await store.revokeUser('nobody'), { revoked: [], expired: 0 });
    t.same(await listAll(store, 'nobody'), []);
    t.equal(await store.read(id), undefined);
    t.equal(await store.count(), 0);
  });

  t.test('metadata comes back exactly as it was set', async (t) => {
    const { store } = await make(t);
    const metadata = {
      list: [],
      object: {},
      nested: { a: [null, { b: {} }], c: [[]] },
      big: 9007199254740991,
      fraction: 0.1,
      tiny: 5e-324,
      text: 'ü 漢 🎉 \u0000 \ud800 / \\/ "\'',
      'key \u0000 \ud800 / " \\ ü': true,
      '': '',
      constructor: 'x',
      yes: true,
    };
    const { sessionId } = await start(store, fresh('ann', { metadata }));
    t.strictSame((await store.read(sessionId))?.metadata, metadata, 'created');
    const patched = await store.patch({
      sessionId: sessionId,
      patch: { ...nothing, set: { one: 1 }, remove: ['yes'] },
    });
    const { yes: _, ...rest } = metadata;
    t.strictSame((await store.read(sessionId))?.metadata, { ...rest, one: 1 }, 'after a change of another key');
    t.strictSame(patched, { status: 'patched', session: await store.read(sessionId) });
    const set = { ...metadata, list: {}, object: [] };
    await store.patch({ sessionId: sessionId, patch: { ...nothing, set } });
    t.strictSame((await store.read(sessionId))?.metadata, { ...rest, one: 1, ...set }, 'set again');
    await store.patch({ sessionId: sessionId, patch: { ...nothing, remove: Object.keys({ ...set, one: 1 }) } });
    t.strictSame((await store.read(sessionId))?.metadata, {}, 'emptied');
    await store.patch({ sessionId: sessionId, patch: { ...nothing, set: { b: 1 } } });
    t.strictSame((await store.read(sessionId))?.metadata, { b: 1 }, 'and filled again');
  });

  t.test('a patch adds one to the version and leaves all else', async (t) => {
    const { store } = await make(t);
    const session = await start(store, fresh('ann', { metadata: { a: 1, b: 2 } }));
    await store.patch({
      sessionId: session.sessionId,
      patch: { set: { a: { x: 1 } }, remove: ['b', 'unknown'], increment: { n: 5 } },
    });
    t.same(await store.read(session.sessionId), { ...session, version: 2, metadata: { a: { x: 1 }, n: 5 } });
  });

  t.test('a patch meant for another version changes nothing', async (t) => {
    const { store } = await make(t);
    const session = await start(store, fresh('ann'));
    const change = { ...nothing, set: { a: 1 } };
    t.same(await store.patch({ sessionId: session.sessionId, patch: change, ifVersions: [2, 3] }), {
      status: 'version-conflict',
    });
    t.same(await store.patch({ sessionId: session.sessionId, patch: change, ifVersions: [] }), {
      status: 'version-conflict',
    });
    t.same(await store.read(session.sessionId), session);
    t.match(await store.patch({ sessionId: session.sessionId, patch: change, ifVersions: [7, 1] }), {
      status: 'patched',
      session: { version: 2 },
    });
  });

  t.test('increments add to integers, and to nothing else', async (t) => {
    const { store } = await make(t);
    const metadata = { n: 40, text: '40', fraction: 0.5, max: Number.MAX_SAFE_INTEGER, beyond: 1e21, negative: -5 };
    const { sessionId } = await start(store, fresh('ann', { metadata }));
    const add = (key: string, step: number) =>
      store.patch({ sessionId: sessionId, patch: { ...nothing, increment: { [key]: step } } });
    t.match(await add('n', 2), { status: 'patched', session: { metadata: { n: 42 } } });
    t.match(await add('negative', -5), { status: 'patched', session: { metadata: { negative: -10 } } });
    t.match(await add('fresh', -1), { status: 'patched', session: { metadata: { fresh: -1 } } });
    t.match(await add('max', -1), { status: 'patched', session: { metadata: { max: Number.MAX_SAFE_INTEGER - 1 } } });
    t.match(await add('max', 1), { status: 'patched', session: { metadata: { max: Number.MAX_SAFE_INTEGER } } });
    for (const [key, step] of [
      ['text', 1],
      ['fraction', 1],
      ['max', 1],
      ['beyond', 1],
    ] as const) {
      t.same(await add(key, step), { status: 'not-integer' }, key);
    }
    t.match(await store.read(sessionId), { version: 6, metadata: { text: '40', max: Number.MAX_SAFE_INTEGER } });
  });

  t.test('a change that names no key leaves the version, and is refused where others are', async (t) => {
    const { store } = await make(t);
    const { sessionId } = await start(store, fresh('ann', { metadata: { a: 1 } }));
    const session = await store.read(sessionId);
    t.same(await store.patch({ sessionId, patch: nothing }), { status: 'patched', session });
    t.same(await store.patch({ sessionId, patch: nothing, ifVersions: [2] }), { status: 'version-conflict' });
    t.same(await store.read(sessionId), session);
    t.same(await store.patch({ sessionId: newSessionId('nobody'), patch: nothing }), { status: 'absent' });
  });

  t.test('metadata beyond 64 keys or 4096 bytes is refused whole', async (t) => {
    const { store } = await make(t);
    const full = Object.fromEntries(Array.from({ length: 64 }, (_, i) => [`k${i}`, 'ü']));
    const { sessionId } = await start(store, fresh('ann', { metadata: full }));
    t.same(await store.patch({ sessionId: sessionId, patch: { ...nothing, set: { more: 1 } } }), {
      status: 'metadata-too-large',
    });
    t.match(await store.patch({ sessionId: sessionId, patch: { ...nothing, set: { more: 1 }, remove: ['k0'] } }), {
      status: 'patched',
    });
    t.match(await store.patch({ sessionId: sessionId, patch: { ...nothing, remove: Object.keys(full) } }), {
      status: 'patched',
    });

    // {"more":1,"ü\"":"…"}: 20 bytes and what stands in the text.
    const room = 4096 - Buffer.byteLength('{"more":1,"ü\\"":""}');
    const fits = { ...nothing, set: { 'ü"': 'x'.repeat(room) } };
    const over = { ...nothing, set: { 'ü"': 'x'.repeat(room + 1) } };
    t.same(
      await store.patch({ sessionId: sessionId, patch: over }),
      { status: 'metadata-too-large' },
      'a byte too many',
    );
    t.match(await store.patch({ sessionId: sessionId, patch: fits }), { status: 'patched' }, 'to the byte');
    t.same(await store.patch({ sessionId: sessionId, patch: { ...nothing, increment: { more: 9 } } }), {
      status: 'metadata-too-large',
    });
  });

  t.test('claims change key by key, beside metadata, and count in the version', async (t) => {
    const { store } = await make(t);
    const claims = { role: 'admin', groups: ['a', 'b'], '"ü': { deep: [] }, ['__proto__']: 1 };
    const plain = await start(store, fresh('ann'));
    t.strictSame(plain.claims, {}, 'none');
    const { sessionId } = await start(store, fresh('ann', { metadata: { role: 'mine' }, claims, remember: true }));
    t.match(await store.read(sessionId), { remember: true, version: 1, metadata: { role: 'mine' } });
    t.strictSame((await store.read(sessionId))?.claims, claims);

    const change = { set: { role: 'guest', more: null }, remove: ['groups', 'absent'] };
    const patched = await store.patch({ sessionId, patch: nothing, claims: change });
    const { groups: _, ...rest } = claims;
    t.match(patched, { status: 'patched', session: { version: 2, metadata: { role: 'mine' } } });
    t.strictSame((await store.read(sessionId))?.claims, { ...rest, role: 'guest', more: null });

    const both = {
      patch: { ...nothing, set: { role: 'x' } },
      claims: { set: {}, remove: [...Object.keys(rest), 'more'] },
    };
    t.match(await store.patch({ sessionId, ...both }), { session: { version: 3, metadata: { role: 'x' } } });
    t.strictSame((await store.read(sessionId))?.claims, {}, 'emptied');
    t.match(await store.patch({ sessionId, patch: { ...nothing, increment: { n: 1 } } }), { status: 'patched' });
    t.match(await store.renew({ sessionId, generation: 1, graceMs: 0 }), {
      status: 'renewed',
      session: { claims: {} },
    });
    t.match(await store.patch({ sessionId, patch: nothing, claims: { set: { a: 1 }, remove: [] } }), {
      status: 'patched',
      session: { version: 5, generation: 2, claims: { a: 1 }, metadata: { n: 1 } },
    });
    const listed = (await listAll(store, 'ann')).find((session) => session.sessionId === sessionId);
    t.same(listed?.claims, { a: 1 });
  });

  t.test('claims beyond 64 keys or 4096 bytes are refused whole, and the metadata with them', async (t) => {
    const { store } = await make(t);
    const claims = Object.fromEntries(Array.from({ length: 64 }, (_, i) => [`k${i}`, i]));
    const session = await start(store, fresh('ann', { claims }));
    const { sessionId } = session;
    const more = { patch: { ...nothing, set: { a: 1 } }, claims: { set: { more: 1 }, remove: [] } };
    t.same(await store.patch({ sessionId, ...more }), { status: 'claims-too-large' });
    const remove = Object.keys(claims);
    const big = (length: number) => ({ set: { k: 'x'.repeat(length) }, remove });
    t.same(await store.patch({ sessionId, patch: nothing, claims: big(4089) }), { status: 'claims-too-large' });
    t.same(await store.read(sessionId), session, 'nothing has changed');
    t.match(await store.patch({ sessionId, patch: nothing, claims: big(4088) }), { status: 'patched' }, 'to the byte');
    t.match(await store.patch({ sessionId, patch: { ...nothing, set: { k: 'x'.repeat(4088) } } }), {
      status: 'patched',
    });
  });

  t.test('a touch moves the end, never backwards, never past the absolute end', async (t) => {
    const { store, elapse } = await make(t);
    const session = await start(store, fresh('ann', { idleMs: 60_000, absoluteMs: 90_000 }));
    await elapse(20);
    const seen = await store.touch(session.sessionId);
    t.ok(seen !== undefined && seen >= session.lastSeenAt + 20);
    t.same(await store.read(session.sessionId), { ...session, lastSeenAt: seen }, 'no more than that has changed');
  });

  t.test('activity keeps a session, up to its absolute end', async (t) => {
    const { store, elapse } = await make(t);
    const idle = await start(store, fresh('ann', { idleMs: 100, absoluteMs: 100_000 }));
    const absolute = await start(store, fresh('ann', { idleMs: 100_000, absoluteMs: 150 }));
    await elapse(60);
    t.not(await store.touch(idle.sessionId), undefined);
    t.not(await store.touch(absolute.sessionId), undefined);
    await elapse(60);
    t.not(await store.read(idle.sessionId), undefined, 'past the first idle end');
    await elapse(50);
    t.equal(await store.read(absolute.sessionId), undefined, 'past the absolute end');
    t.equal(await store.touch(absolute.sessionId), undefined);
    await elapse(100);
    t.equal(await store.read(idle.sessionId), undefined, 'past the idle end');
    t.equal(await store.touch(idle.sessionId), undefined);
    t.same(await listAll(store, 'ann'), []);
    t.same(await store.patch({ sessionId: idle.sessionId, patch: { ...nothing, set: { a: 1 } } }), {
      status: 'absent',
    });
    t.equal(await store.revoke(idle.sessionId), undefined);
  });

  t.test('revoking answers what ended, once', async (t) => {
    const { store } = await make(t);
    const session = await start(store, fresh('ann'));
    const other = await start(store, fresh('ann'));
    t.same(await store.revoke(session.sessionId), session);
    t.equal(await store.revoke(session.sessionId), undefined);
    t.equal(await store.read(session.sessionId), undefined);
    t.same(await listAll(store, 'ann'), [other]);
    t.equal(await store.count(), 1);
  });

  t.test('a user’s sessions are listed newest first, and no one else’s', async (t) => {
    const { store, elapse } = await make(t);
    const started: string[] = [];
    for (let i = 0; i < 3; i += 1) {
      started.push((await start(store, fresh('ann'))).sessionId);
      await elapse(2);
    }
    await start(store, fresh('bob'));
    await start(store, fresh(null));
    t.same(
      (await listAll(store, 'ann')).map(({ sessionId }) => sessionId),
      started.toReversed(),
    );
  });

  t.test('all of a user’s sessions end but the one excepted', async (t) => {
    const { store } = await make(t);
    const kept = await start(store, fresh('ann'));
    const others = [await start(store, fresh('ann')), await start(store, fresh('ann'))];
    const bob = await start(store, fresh('bob'));
    const ended = await store.revokeUser('ann', kept.sessionId);
    t.same(new Set(ended.revoked), new Set(others.map(({ sessionId }) => sessionId)));
    t.same(await listAll(store, 'ann'), [kept]);
    t.same(await store.revokeUser('ann'), { revoked: [kept.sessionId], expired: 0 });
    t.same(await listAll(store, 'ann'), []);
    t.same(await listAll(store, 'bob'), [bob]);
    t.equal(await store.count(), 1);
  });

  t.test('the limit evicts the oldest', async (t) => {
    const { store, elapse } = await make(t);
    const limit = { max: 2, policy: 'evict-oldest' } as const;
    const first = await start(store, fresh('ann', { limit }));
    await elapse(2);
    const second = await start(store, fresh('ann', { limit }));
    await elapse(2);
    await store.touch(first.sessionId);
    const third = await store.create(fresh('ann', { limit }));
    t.match(third, { status: 'created', evicted: [first.sessionId], replaced: false });
    t.equal(await store.read(first.sessionId), undefined);
    t.equal((await listAll(store, 'ann')).length, 2);
    t.not(await store.read(second.sessionId), undefined);
  });

  t.test('the limit evicts the least recently seen', async (t) => {
    const { store, elapse } = await make(t);
    const limit = { max: 2, policy: 'evict-least-recent' } as const;
    const first = await start(store, fresh('ann', { limit }));
    await elapse(2);
    const second = await start(store, fresh('ann', { limit }));
    await elapse(2);
    await store.touch(first.sessionId);
    t.match(await store.create(fresh('ann', { limit })), { evicted: [second.sessionId] });
    t.match(await listAll(store, 'ann'), { length: 2 });
  });

  t.test('the limit rejects, and changes nothing', async (t) => {
    const { store } = await make(t);
    const limit = { max: 1, policy: 'reject' } as const;
    const first = await start(store, fresh('ann', { limit }));
    const refused = fresh('ann', { limit });
    t.same(await store.create(refused), { status: 'limit-reached', expired: 0 });
    t.equal(await store.read(refused.sessionId), undefined);
    t.same(await listAll(store, 'ann'), [first]);
    t.match(await store.create(fresh('bob', { limit })), { status: 'created' });
  });

  t.test('a session that is replaced ends, and does not count against the limit', async (t) => {
    const { store } = await make(t);
    const limit = { max: 1, policy: 'reject' } as const;
    const first = await start(store, fresh('ann', { limit }));
    t.match(await store.create(fresh('ann', { limit, replaces: first.sessionId })), {
      status: 'created',
      replaced: true,
      evicted: [],
    });
    t.equal(await store.read(first.sessionId), undefined);
    t.equal(await store.count(), 1);
    t.match(await store.create(fresh('ann', { limit, replaces: first.sessionId })), { status: 'limit-reached' });
  });

  t.test('sessions that have ended do not count against the limit', async (t) => {
    const { store, elapse } = await make(t);
    const limit = { max: 1, policy: 'reject' } as const;
    await start(store, fresh('ann', { limit, idleMs: 20 }));
    await elapse(40);
    t.match(await store.create(fresh('ann', { limit })), { status: 'created' });
  });

  t.test('every end by time is counted once, whoever finds it; a revocation never', async (t) => {
    const { store, elapse } = await make(t);
    const short = { idleMs: 30 };
    await Promise.all([
      ...Array.from({ length: 20 }, () => start(store, fresh(null, short))),
      ...Array.from({ length: 20 }, () => start(store, fresh('ann', short))),
    ]);
    const revoked = await start(store, fresh('ann', short));
    const alive = await start(store, fresh('bob:with:colons'));
    await store.revoke(revoked.sessionId);
    t.equal(await store.count(), 41);
    await elapse(60);
    let expired = 0;
    const created = await store.create(fresh('ann', { limit: { max: 5, policy: 'reject' } }));
    expired += created.expired;
    await until(async () => {
      await elapse(1000);
      const swept = await Promise.all([store.sweep(), store.sweep(), store.sweep()]);
      expired += swept.reduce((sum, { expired }) => sum + expired, 0);
      return expired >= 40;
    });
    t.equal(expired, 40);
    t.match(await store.sweep(), { expired: 0, more: false });
    t.equal(await store.count(), 2);
    t.same(await listAll(store, 'bob:with:colons'), [alive]);
  });

  t.test('a session seen since it was scheduled outlives its first end, and is counted at its last', async (t) => {
    const { store, elapse } = await make(t);
    const { sessionId } = await start(store, fresh('ann', { idleMs: 200 }));
    await elapse(150);
    await store.touch(sessionId);
    await elapse(100);
    t.match(await store.sweep(), { expired: 0 });
    t.not(await store.read(sessionId), undefined);
    let expired = 0;
    await until(async () => {
      await elapse(100);
      expired += (await store.sweep()).expired;
      return expired > 0;
    });
    t.equal(expired, 1);
    t.equal(await store.count(), 0);
  });

  t.test('nothing is lost between parallel writers', async (t) => {
    const { store } = await make(t);
    const { sessionId } = await start(store, fresh('ann'));
    await Promise.all(
      Array.from({ length: 50 }, (_, i) =>
        store.patch({ sessionId: sessionId, patch: { ...nothing, set: { [`k${i}`]: i }, increment: { n: 1 } } }),
      ),
    );
    const session = await store.read(sessionId);
    t.equal(session?.version, 51);
    t.equal(Object.keys(session?.metadata ?? {}).length, 51);
    t.equal(session?.metadata.n, 50);
  });

  t.test('a long list is read in pages, and what ends between two of them is not missed', async (t) => {
    const { store, elapse } = await make(t);
    const started: string[] = [];
    for (let i = 0; i < 7; i += 1) {
      // Two of a kind: of the same millisecond, where the clock can be stopped.
      started.push(...(await Promise.all([1, 2].map(async () => (await start(store, fresh('ann'))).sessionId))));
      await elapse(2);
    }
    const whole = (await listAll(store, 'ann')).map(({ sessionId }) => sessionId);
    t.same(new Set(whole), new Set(started));

    const seen: string[] = [];
    let after: Position | undefined;
    do {
      const page = await store.list({ userId: 'ann', limit: 3, after });
      seen.push(...page.sessions.map(({ sessionId }) => sessionId));
      t.ok(page.sessions.length <= 3);
      after = page.next;
      if (after !== undefined) await store.revoke(after.sessionId);
    } while (after !== undefined);
    t.same(seen, whole);
    t.same(await store.list({ userId: 'ann', limit: 100, after: { createdAt: 0, sessionId: '' } }), {
      sessions: [],
      next: undefined,
    });
  });

  t.test('a page that is exactly full has no next', async (t) => {
    const { store } = await make(t);
    await start(store, fresh('ann'));
    await start(store, fresh('ann'));
    t.match(await store.list({ userId: 'ann', limit: 2 }), { sessions: { length: 2 }, next: undefined });
  });

  t.test('a lock has one holder, a fence that grows, and an end', async (t) => {
    const { store, elapse } = await make(t);
    const { sessionId } = await start(store, fresh('ann'));
    const all = await Promise.all(
      Array.from({ length: 20 }, (_, i) => store.lock({ sessionId, holder: `h${i}`, ttlMs: 60 })),
    );
    const [first, ...more] = all.filter((lock) => lock.status === 'locked');
    t.equal(more.length, 0);
    t.equal(all.filter((lock) => lock.status === 'held').length, 19);
    const holder = `h${all.findIndex((lock) => lock.status === 'locked')}`;

    t.equal(await store.unlock({ sessionId, holder: 'somebody else' }), false);
    t.match(await store.lock({ sessionId, holder: 'next', ttlMs: 60 }), { status: 'held' });
    t.equal(await store.unlock({ sessionId, holder }), true);
    t.equal(await store.unlock({ sessionId, holder }), false);

    let fence = first?.fence ?? Number.NaN;
    for (const holder of ['a', 'b', 'c']) {
      const taken = await store.lock({ sessionId, holder, ttlMs: 30 });
      t.ok(taken.status === 'locked' && taken.fence > fence, 'the fence grows');
      fence = taken.status === 'locked' ? taken.fence : Number.NaN;
      await elapse(40);
      t.equal(await store.unlock({ sessionId, holder }), false, 'the lease ran out');
    }
    t.same(await store.lock({ sessionId: newSessionId('ann'), holder: 'a', ttlMs: 30 }), { status: 'absent' });
  });

  t.test('while a session is locked only the holder writes, and only while it is', async (t) => {
    const { store, elapse } = await make(t);
    const { sessionId } = await start(store, fresh('ann'));
    const patch = { ...nothing, increment: { n: 1 } };
    await store.lock({ sessionId, holder: 'h', ttlMs: 5000 });
    t.same(await store.patch({ sessionId, patch }), { status: 'locked' });
    t.same(await store.patch({ sessionId, patch: nothing }), { status: 'locked' }, 'be it a change of nothing');
    t.same(await store.patch({ sessionId, patch, holder: 'other' }), { status: 'locked' });
    t.match(await store.patch({ sessionId, patch, holder: 'h' }), { status: 'patched' });
    t.not(await store.touch(sessionId), undefined, 'a lock stops no one else');
    await store.unlock({ sessionId, holder: 'h' });
    t.same(await store.patch({ sessionId, patch, holder: 'h' }), { status: 'lock-lost' });
    t.match(await store.patch({ sessionId, patch }), { status: 'patched', session: { metadata: { n: 2 } } });
    await store.lock({ sessionId, holder: 'h', ttlMs: 30 });
    await elapse(40);
    t.match(await store.patch({ sessionId, patch }), { status: 'patched' });
    await store.revoke(sessionId);
    t.same(await store.lock({ sessionId, holder: 'h', ttlMs: 30 }), { status: 'absent' });
  });

  t.test('parallel renewals of one generation have one successor', async (t) => {
    const { store } = await make(t);
    const { sessionId, ...session } = await start(store, fresh('ann', { metadata: { a: 1 } }));
    const renewal = { sessionId, generation: 1, graceMs: 60_000 };
    const all = await Promise.all(Array.from({ length: 20 }, () => store.renew(renewal)));
    t.same(all.map(({ status }) => status).sort(), ['renewed', ...Array(19).fill('unchanged')].sort());
    for (const renewed of all) t.match(renewed, { session: { generation: 2, version: 1, metadata: { a: 1 } } });
    const after = await store.read(sessionId);
    t.match(after, { sessionId, generation: 2, createdAt: session.createdAt, graceGeneration: 1 });
    t.equal(after?.absoluteExpiresAt, session.absoluteExpiresAt, 'the absolute end does not move');
    t.ok((after?.lastSeenAt ?? 0) >= session.lastSeenAt, 'it counts as activity');
    t.equal(after?.renewedAt, after?.lastSeenAt);
    t.equal(await store.count(), 1);
  });

  t.test('a generation before is good within the grace, and a replay after it', async (t) => {
    const { store, elapse } = await make(t);
    const { sessionId } = await start(store, fresh('ann'));
    await store.renew({ sessionId, generation: 1, graceMs: 60_000 });
    t.match(await store.judge({ sessionId, generation: 1, graceMs: 60_000 }), { status: 'unchanged' });
    t.match(await store.judge({ sessionId, generation: 2, graceMs: 60_000 }), { status: 'unchanged' });
    await elapse(20);
    t.match(await store.judge({ sessionId, generation: 2, graceMs: 10 }), { status: 'unchanged' });
    t.not(await store.read(sessionId), undefined);
    t.match(await store.judge({ sessionId, generation: 1, graceMs: 10 }), { status: 'replayed' });
    t.equal(await store.read(sessionId), undefined);
    t.same(await store.renew({ sessionId, generation: 2, graceMs: 10 }), { status: 'absent' });
    t.equal(await store.count(), 0);
    t.match(await store.list({ userId: 'ann', limit: 10 }), { sessions: [] });
  });

  t.test('a renewal with a token whose grace is over ends the session', async (t) => {
    const { store, elapse } = await make(t);
    const { sessionId } = await start(store, fresh('ann'));
    await store.renew({ sessionId, generation: 1, graceMs: 10 });
    await elapse(20);
    t.match(await store.renew({ sessionId, generation: 1, graceMs: 10 }), { status: 'replayed' });
    t.equal(await store.read(sessionId), undefined);
  });

  t.test('renewals in quick succession keep the earliest of them in grace', async (t) => {
    const { store, elapse } = await make(t);
    const { sessionId } = await start(store, fresh('ann'));
    for (const generation of [1, 2, 3]) {
      t.match(await store.renew({ sessionId, generation, graceMs: 60_000 }), { status: 'renewed' });
    }
    t.match(await store.renew({ sessionId, generation: 1, graceMs: 60_000 }), { session: { generation: 4 } });
    await elapse(20);
    await store.renew({ sessionId, generation: 4, graceMs: 10 });
    t.match(await store.judge({ sessionId, generation: 4, graceMs: 60_000 }), { status: 'unchanged' });
    t.match(await store.judge({ sessionId, generation: 3, graceMs: 60_000 }), { status: 'replayed' });
  });

  t.test('of renewals without pause the last eight are in grace', async (t) => {
    const { store } = await make(t);
    const { sessionId } = await start(store, fresh('ann'));
    const graceMs = 60_000;
    for (let generation = 1; generation <= 8; generation += 1) await store.renew({ sessionId, generation, graceMs });
    t.match(await store.judge({ sessionId, generation: 1, graceMs }), { status: 'unchanged' });
    await store.renew({ sessionId, generation: 9, graceMs });
    t.match(await store.judge({ sessionId, generation: 2, graceMs }), { status: 'unchanged' });
    t.match(await store.judge({ sessionId, generation: 1, graceMs }), { status: 'replayed' });
  });

  t.test('without a token a session is renewed once in a grace', async (t) => {
    const { store, elapse } = await make(t);
    const { sessionId } = await start(store, fresh('ann'));
    const all = await Promise.all(Array.from({ length: 10 }, () => store.renew({ sessionId, graceMs: 60_000 })));
    t.equal(all.filter(({ status }) => status === 'renewed').length, 1);
    await elapse(20);
    t.match(await store.renew({ sessionId, graceMs: 10 }), { status: 'renewed', session: { generation: 3 } });
  });

  t.test('a generation the store has lost is taken as it is', async (t) => {
    const { store } = await make(t);
    const { sessionId } = await start(store, fresh('ann'));
    t.match(await store.renew({ sessionId, generation: 5, graceMs: 0 }), {
      status: 'renewed',
      session: { generation: 6 },
    });
  });

  t.test('a renewed session keeps all else, and can be changed', async (t) => {
    const { store } = await make(t);
    const session = await start(store, fresh('ann', { remember: true, idleMs: 90_000 }));
    const { sessionId } = session;
    await store.renew({ sessionId, generation: 1, graceMs: 10 });
    const patch = { ...nothing, set: { a: [] } };
    t.match(await store.patch({ sessionId, patch }), { status: 'patched', session: { version: 2, generation: 2 } });
    t.not(await store.touch(sessionId), undefined);
    t.match(await store.read(sessionId), {
      ...session,
      lastSeenAt: Number,
      renewedAt: Number,
      generation: 2,
      version: 2,
      remember: true,
      metadata: { a: [] },
    });
  });

  t.test('a ping is answered', async (t) => {
    const { store } = await make(t);
    await t.resolves(store.ping());
  });
}
