import t from 'tap';
import { usernameHash } from '../../../src/credentials/username-hash.ts';
import { startWebhook } from '../../support/webhook.ts';
import { worlds } from '../../support/worlds.ts';

const inEveryWorld = await worlds(t);
let refusal: { readonly status: number; readonly body: object } = { status: 401, body: {} };
const { host, received } = await startWebhook(t, (response) => {
  response.writeHead(refusal.status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(refusal.body));
});
const payload = { username: 'ann@shop.example', password: 'secret-word' };
const settings = { CREDENTIALS_URL: `http://${host}/`, USERS_FILE: '' };

inEveryWorld(
  'a login that CREDENTIALS_URL refuses with a code is LOGIN_REFUSED for that reason',
  async (t, { call, lines }) => {
    refusal = { status: 423, body: { code: 'LOCKED', message: 'Ask your administrator.' } };
    const headers = { 'x-request-id': 'trace-1' };
    const locked = await call('POST', '/login', { payload, headers });
    t.equal(locked.statusCode, 403);
    t.strictSame(locked.json(), {
      statusCode: 403,
      code: 'LOGIN_REFUSED',
      error: 'Forbidden',
      message: 'Ask your administrator.',
      reason: 'LOCKED',
    });
    t.notOk(locked.headers['set-cookie']);
    t.equal(received.at(-1)?.headers['x-request-id'], 'trace-1');
    refusal = { status: 403, body: { code: 'second_factor' } };
    t.match((await call('POST', '/login', { payload })).json(), { code: 'LOGIN_REFUSED', reason: 'second_factor' });
    refusal = { status: 403, body: {} };
    t.match((await call('POST', '/login', { payload })).json(), { statusCode: 401, code: 'INVALID_CREDENTIALS' });

    const failed = lines().filter((line) => line.includes('"login failed"'));
    t.match(JSON.parse(failed.find((line) => line.includes('trace-1')) as string), {
      reqId: 'trace-1',
      remoteAddress: '127.0.0.1',
      usernameHash: usernameHash(payload.username),
      code: 'LOGIN_REFUSED',
      reason: 'LOCKED',
    });
    t.equal(failed.length, 3);
    t.notMatch(lines().join(''), /ann@shop|secret-word/);
    t.match((await call('POST', '/login', { payload })).json(), { statusCode: 429 }, 'refused logins count as failed');
  },
  { ...settings, LOGIN_RATE_MAX: '3' },
);
