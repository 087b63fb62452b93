import { once } from 'node:events';
import { type AddressInfo, connect } from 'node:net';
import t from 'tap';
import { build } from '../support/build.ts';

const { app } = await build(t);
await app.listen({ host: '127.0.0.1', port: 0 });
const { port } = app.server.address() as AddressInfo;

/** Sends bytes over a new connection. @returns all that is received until it is closed */
async function exchange(bytes: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  let response = '';
  socket.setEncoding('utf8').on('data', (text) => {
    response += text;
  });
  socket.on('error', () => undefined);
  socket.write(bytes);
  await once(socket, 'close');
  return response;
}

const HEAD = 'GET /hello HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n';

/** Input that the HTTP parser rejects before there is a request. */
const cases: [name: string, bytes: string, status: number, code: string][] = [
  ['headers over 16 KB', `${HEAD}Cookie: ${'x'.repeat(17_000)}\r\n\r\n`, 431, 'HEADERS_TOO_LARGE'],
  ['many headers', `${HEAD}${'A: b\r\n'.repeat(4000)}\r\n`, 431, 'HEADERS_TOO_LARGE'],
  ['a request line over 16 KB', `GET /${'x'.repeat(20_000)} HTTP/1.1\r\nHost: x\r\n\r\n`, 431, 'HEADERS_TOO_LARGE'],
  ['garbage', 'nonsense\r\n\r\n', 400, 'BAD_REQUEST'],
  ['an unknown method', 'FROBNICATE / HTTP/1.1\r\nHost: x\r\n\r\n', 400, 'BAD_REQUEST'],
  ['TLS on the plain port', '\u0016\u0003\u0001\u0002\u0000\u0001', 400, 'BAD_REQUEST'],
  ['NUL in a header', `${HEAD}A: \u0000\r\n\r\n`, 400, 'BAD_REQUEST'],
  ['a header without a colon', `${HEAD}nonsense\r\n\r\n`, 400, 'BAD_REQUEST'],
  [
    'two lengths of the body',
    'POST /login HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab',
    400,
    'BAD_REQUEST',
  ],
  [
    'a length and chunks',
    'POST /login HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    400,
    'BAD_REQUEST',
  ],
];

for (const [name, bytes, statusCode, code] of cases) {
  t.test(`${name} gets ${statusCode} as JSON, and the connection is closed`, async (t) => {
    const [head, body] = (await exchange(bytes)).split('\r\n\r\n') as [string, string];
    t.match(head, new RegExp(`^HTTP/1\\.1 ${statusCode} `));
    t.match(head, /content-type: application\/json/i);
    t.match(JSON.parse(body), { statusCode, code, error: String, message: String });
    t.equal((await app.inject('/hello')).statusCode, 200, 'the service still runs');
  });
}

t.test('a valid request over a socket gets a response', async (t) => {
  t.match(await exchange(`${HEAD}\r\n`), /^HTTP\/1\.1 200 OK\r\n.*Hello from sessiond!/s);
});

t.test('a request without Host is rejected', async (t) => {
  t.match(await exchange('GET /hello HTTP/1.1\r\nConnection: close\r\n\r\n'), /^HTTP\/1\.1 400 /);
});

t.test('a client that disconnects in the middle of a request changes nothing and logs no error', async (t) => {
  const { app, log } = await build(t);
  await app.listen({ host: '127.0.0.1', port: 0 });
  const socket = connect((app.server.address() as AddressInfo).port, '127.0.0.1');
  socket.write(
    'POST /login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"user',
  );
  socket.end();
  socket.resume();
  await once(socket, 'close');
  t.equal((await app.inject('/hello')).statusCode, 200);
  t.notOk(log.some((line) => line.includes('"level":"error"')));
  t.match((await app.inject('/metrics')).body, /^session_active_total 0$/m);
});
