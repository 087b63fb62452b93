import type { IncomingHttpHeaders } from 'node:http';
import t from 'tap';
import { bearerToken, cookieValues, presented } from '../../../src/http/presented.ts';
import { newSessionId } from '../../../src/session/session-id.ts';
import { createTokenCodec } from '../../../src/session/token.ts';

const token = createTokenCodec(['x'.repeat(32)]).issue({ sessionId: newSessionId(null), generation: 1 });

const cases: [headers: IncomingHttpHeaders, url: string, from: string, token?: string][] = [
  [{}, '/', 'nothing'],
  [{ cookie: '' }, '/', 'nothing'],
  [{ cookie: 'sid' }, '/', 'nothing'],
  [{ cookie: 'xsid=1; sidx=2' }, '/', 'nothing'],
  [{ cookie: 'sid=a' }, '/', 'cookie', 'a'],
  [{ cookie: ' sid = a ; b=c' }, '/', 'cookie', 'a'],
  [{ cookie: 'sid=a=b' }, '/', 'cookie', 'a=b'],
  [{ cookie: 'sid=' }, '/', 'cookie', ''],
  [{ cookie: 'sid=a; sid=a' }, '/', 'ambiguous'],
  [{ cookie: 'sid=; sid=a' }, '/', 'ambiguous'],
  [{ cookie: 'sid=a;sid=b', authorization: 'Bearer c' }, '/', 'ambiguous'],
  [{ cookie: 'sid=a', authorization: 'Bearer b' }, '/', 'cookie', 'a'],
  [{ authorization: 'Bearer b' }, '/', 'bearer', 'b'],
  [{ authorization: 'Basic b' }, '/', 'nothing'],
  [{ cookie: 'sid=a' }, `/?t=${token}`, 'ambiguous'],
  [{}, `/?t=${token}`, 'ambiguous'],
  [{}, `/?t=${encodeURIComponent(token).replaceAll('.', '%2E')}`, 'ambiguous'],
  [{}, `/?%=1&t=${token}`, 'ambiguous'],
  [{ cookie: 'sid=a' }, '/?t=%', 'cookie', 'a'],
  [{ cookie: 'sid=a' }, '/?version=1.2.3', 'cookie', 'a'],
];

for (const [headers, url, from, found] of cases) {
  t.test(`${JSON.stringify(headers)} ${url.slice(0, 16)} is ${from}`, async (t) => {
    t.match(presented(headers, url, 'sid'), { from, token: found });
  });
}

t.test('all values of a cookie are seen, as they were sent', async (t) => {
  t.same(cookieValues('a=1; sid="x"; sid=%20; SID=y', 'sid'), ['"x"', '%20']);
  t.same(cookieValues(undefined, 'sid'), []);
});

t.test('a bearer token is one word after the scheme', async (t) => {
  t.equal(bearerToken('bEaReR  x'), 'x');
  t.equal(bearerToken(undefined), undefined);
  for (const text of ['', 'Bearer', 'Bearer ', 'Bearer x y', ' Bearer x', 'Bearerx']) {
    t.equal(bearerToken(text), undefined, text);
  }
});
