import { readFile } from 'node:fs/promises';
import t from 'tap';
import { build } from '../../support/build.ts';

const { app } = await build(t);
const answer = await app.inject('/client.js');

t.test('/client.js is the module that the package exports', async (t) => {
  t.equal(answer.statusCode, 200);
  t.equal(answer.body, await readFile(new URL(import.meta.resolve('sessiond/client')), 'utf8'));
});

t.test('browsers take it for JavaScript, keep it a while, and ask for it again by its ETag', async (t) => {
  t.match(answer.headers, {
    'content-type': /^text\/javascript/,
    'x-content-type-options': 'nosniff',
    'cache-control': 'public, max-age=300',
    etag: /^"[\w-]{43}"$/,
  });
  const { etag } = answer.headers as { etag: string };
  for (const known of [etag, `W/${etag}`, `"other", ${etag}`]) {
    const again = await app.inject({ url: '/client.js', headers: { 'if-none-match': known } });
    t.equal(again.statusCode, 304, known);
    t.equal(again.body, '');
    t.equal(again.headers.etag, etag);
  }
  const changed = await app.inject({ url: '/client.js', headers: { 'if-none-match': '"other"' } });
  t.equal(changed.statusCode, 200);
});

t.test('it stands alone: it imports nothing', async (t) => {
  t.notMatch(answer.body.replaceAll(/\/\*.*?\*\//gs, ''), /^import |\bimport\(|\brequire\(/m);
});
