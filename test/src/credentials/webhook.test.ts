import type { ServerResponse } from 'node:http';
import t, { type Test } from 'tap';
import { createWebhookCredentials } from '../../../src/credentials/webhook.ts';
import { freePort } from '../../support/redis.ts';
import { startWebhook } from '../../support/webhook.ts';

const form = { username: 'ann', password: 'pässword', ip: '192.0.2.1' };
const attempt = { ...form, requestId: 'request-7' };

const credentialsAt = (url: string, timeoutMs = 2000) => createWebhookCredentials({ url, timeoutMs });

const send =
  (status: number, body: unknown, headers: Record<string, string> = {}) =>
  (response: ServerResponse): void => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  };

/** What the credentials make of a webhook that answers so. */
async function check(t: Test, answer: Parameters<typeof startWebhook>[1]) {
  const { host } = await startWebhook(t, answer);
  return credentialsAt(`http://${host}/check`).check(attempt);
}

t.test('the webhook is sent username, password and address as JSON', async (t) => {
  const { host, received } = await startWebhook(t, send(200, { userId: 'u1' }));
  await credentialsAt(`http://${host}/check?tenant=7`).check(attempt);
  t.match(received, [{ method: 'POST', url: '/check?tenant=7', headers: { 'content-type': 'application/json' } }]);
  t.same(received[0]?.body, form);
  t.equal(received[0]?.headers['x-request-id'], 'request-7');
  t.notOk(received[0]?.headers.authorization);
});

t.test('name and password of its URL are sent as Basic authentication, and described nowhere', async (t) => {
  const { host, received } = await startWebhook(t, send(200, { userId: 'u1' }));
  const credentials = credentialsAt(`http://sessiond:p%40ss%C3%A4@${host}/`);
  await credentials.check(attempt);
  const expected = Buffer.from('sessiond:p@ssä').toString('base64');
  t.equal(received[0]?.headers.authorization, `Basic ${expected}`);
  t.equal(credentials.description, `the webhook at http://${host}`);
});

t.test('200 lets the user in, under the id and with metadata and claims of the answer', async (t) => {
  t.same(await check(t, send(200, { userId: 'u1' })), { userId: 'u1', metadata: {}, claims: {} });
  t.same(
    await check(
      t,
      send(200, { userId: 'ü'.repeat(256), metadata: { role: 'admin' }, claims: { plan: 'pro' }, more: 1 }),
    ),
    {
      userId: 'ü'.repeat(256),
      metadata: { role: 'admin' },
      claims: { plan: 'pro' },
    },
  );
});

for (const status of [401, 403]) {
  t.test(`${status} does not let the user in`, async (t) => {
    t.equal(await check(t, send(status, { userId: 'u1' })), undefined);
  });
}

for (const status of [403, 423]) {
  t.test(`${status} with a code is a refusal for that reason`, async (t) => {
    const refuse = (body: unknown) => check(t, send(status, body));
    await t.rejects(refuse({ code: 'second-factor', message: 'Enter the code of your app.' }), {
      code: 'LOGIN_REFUSED',
      reason: 'second-factor',
      message: 'Enter the code of your app.',
    });
    await t.rejects(refuse({ code: 'LOCKED', more: 1 }), { code: 'LOGIN_REFUSED', reason: 'LOCKED' });
  });
}

const noReasons: unknown[] = [{}, '', null, [], { code: 7 }, { code: '' }, { code: 'a b' }, { code: 'x'.repeat(65) }];
t.test('without a well-formed code 403 does not let the user in, and 423 says nothing', async (t) => {
  for (const body of noReasons) {
    t.equal(await check(t, send(403, body)), undefined);
    await t.rejects(check(t, send(423, body)), { code: 'CREDENTIALS_UNAVAILABLE' });
  }
});

t.test('the time a webhook may take is a setting', async (t) => {
  const { host } = await startWebhook(t, () => undefined);
  const start = performance.now();
  await t.rejects(credentialsAt(`http://${host}/`, 300).check(attempt), { code: 'CREDENTIALS_UNAVAILABLE' });
  t.ok(performance.now() - start < 1500);
});

const unusable: Record<string, (response: ServerResponse) => void> = {
  '500': send(500, {}),
  '404': send(404, { userId: 'u1' }),
  '201': send(201, { userId: 'u1' }),
  '204': send(204, ''),
  'a redirect': send(307, '', { location: '/elsewhere' }),
  'something that is not JSON': send(200, '{"userId":'),
  null: send(200, null),
  'a list': send(200, [{ userId: 'u1' }]),
  'no userId': send(200, { user: 'ann' }),
  'an empty userId': send(200, { userId: '' }),
  'a userId that is no text': send(200, { userId: 42 }),
  'a userId of 257 characters': send(200, { userId: 'u'.repeat(257) }),
  'a userId with half a character': send(200, '{"userId":"\\ud800"}'),
  'metadata that is no object': send(200, { userId: 'u1', metadata: ['admin'] }),
  'a broken connection': (response) => response.destroy(),
};

for (const [what, answer] of Object.entries(unusable)) {
  t.test(`${what} says nothing about the user: CREDENTIALS_UNAVAILABLE`, async (t) => {
    await t.rejects(check(t, answer), { code: 'CREDENTIALS_UNAVAILABLE', retryAfter: 1 });
  });
}

t.test('a redirect is not followed: the password goes nowhere else', async (t) => {
  const elsewhere = await startWebhook(t, send(200, { userId: 'u1' }));
  await t.rejects(check(t, send(307, '', { location: `http://${elsewhere.host}/` })));
  t.same(elsewhere.received, []);
});

t.test('nobody listening is CREDENTIALS_UNAVAILABLE', async (t) => {
  const credentials = credentialsAt(`http://127.0.0.1:${await freePort()}`);
  await t.rejects(credentials.check(attempt), { code: 'CREDENTIALS_UNAVAILABLE' });
});

const slow: Record<string, (response: ServerResponse) => void> = {
  'does not answer': () => undefined,
  'does not come to the end of its answer': (response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.write('{"userId":');
  },
};

for (const [what, answer] of Object.entries(slow)) {
  t.test(`a webhook that ${what} is waited for 2 s`, async (t) => {
    const start = performance.now();
    await t.rejects(check(t, answer), { code: 'CREDENTIALS_UNAVAILABLE' });
    const elapsed = performance.now() - start;
    t.ok(elapsed > 1900 && elapsed < 3500, `${elapsed.toFixed(0)} ms`);
  });
}
