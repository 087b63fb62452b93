import t from 'tap';
import { newSessionId } from '../../../src/session/session-id.ts';
import { containsToken, createTokenCodec } from '../../../src/session/token.ts';
import { worthless } from '../../support/tokens.ts';

const OLD = 'the old secret, of 32 characters or more';
const NEW = 'the new secret, of 32 characters or more';

const claims = { sessionId: newSessionId('ann'), generation: 1 };
const codec = createTokenCodec([OLD]);
const token = codec.issue(claims);

t.test('a token gives back what it was issued for', async (t) => {
  t.same(codec.verify(token), { ...claims, key: 0 });
  for (const generation of [1, 2, 10, 999_999_999_999_999]) {
    const issued = codec.issue({ ...claims, generation });
    t.same(codec.verify(issued), { ...claims, generation, key: 0 });
    t.ok(Buffer.byteLength(issued) < 128);
  }
});

t.test('the same claims make the same token, others another', async (t) => {
  t.equal(codec.issue(claims), token);
  t.not(codec.issue({ ...claims, generation: 2 }).split('.')[2], token.split('.')[2]);
  t.not(codec.issue({ ...claims, sessionId: newSessionId('ann') }).split('.')[2], token.split('.')[2]);
});

t.test('no other text verifies', async (t) => {
  for (const [name, text] of Object.entries(worthless(token))) t.equal(codec.verify(text), undefined, name);
});

t.test('a mac has one spelling', async (t) => {
  // The last of 43 characters carries four bits: three others decode to the same bytes.
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  const accepted = [...alphabet].filter((last) => codec.verify(token.slice(0, -1) + last) !== undefined);
  t.same(accepted, [token.at(-1)]);
  t.equal(codec.verify(token.replaceAll('-', '+').replaceAll('_', '/')) === undefined, /[-_]/.test(token));
});

t.test('the first key of the ring signs, every key verifies', async (t) => {
  const both = createTokenCodec([NEW, OLD]);
  t.equal(both.issue(claims), createTokenCodec([NEW]).issue(claims));
  t.same(both.verify(token), { ...claims, key: 1 });
  t.equal(createTokenCodec([NEW]).verify(token), undefined);
  t.throws(() => createTokenCodec([]), TypeError);
});

t.test('a token is recognised inside other text', async (t) => {
  for (const text of [token, `?sid=${token}`, `x${token}y`, `?a=1&${token}&b`]) t.ok(containsToken(text), text);
  for (const text of ['', '?sid=x', claims.sessionId, `${claims.sessionId}.1.`, '?v=1.2.3'])
    t.notOk(containsToken(text));
});
