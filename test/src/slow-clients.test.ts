import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import t from 'tap';
import { type ServerProcess, startServer } from '../support/server.ts';
import { until } from '../support/until.ts';

const IDLE = 10_000;
const KB_EACH = 30;
/** What is sent at once, what is then sent byte by byte, and when the server closes the connection. */
const SLOW = {
  'that sends nothing': { start: '', rest: '', endsAfterMs: 10_000, response: /^HTTP\/1\.1 408 .*"REQUEST_TIMEOUT"/s },
  'whose headers come byte by byte': {
    start: 'GET /hello HTTP/1.1\r\nhost: x\r\n',
    rest: 'x-slow: '.padEnd(1000, 'x'),
    endsAfterMs: 10_000,
    response: /^HTTP\/1\.1 408 .*"REQUEST_TIMEOUT"/s,
  },
  'whose body comes byte by byte': {
    start: 'POST /login HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n',
    rest: '{"username":"'.padEnd(1000, 'x'),
    endsAfterMs: 15_000,
    response: /^HTTP\/1\.1 408 .*"REQUEST_TIMEOUT"/s,
  },
} as const;
const BYTE_EVERY_MS = 200;
// Node closes a connection with a stuck write at the second check.
const STUCK_MS = 30_000;
const STUCK_KB = 100 * 1024;

const server = await startServer(t);

t.jobs = 5;
t.setTimeout(90_000);
for (const [what, { start, rest, endsAfterMs, response }] of Object.entries(SLOW)) {
  t.test(`a connection ${what} is closed after a response`, async (t) => {
    const begin = performance.now();
    const { socket, received } = open(server);
    if (start !== '') socket.write(start);
    let sent = 0;
    const dripping = setInterval(() => {
      if (sent < rest.length) socket.write(rest.charAt(sent));
      sent += 1;
    }, BYTE_EVERY_MS);
    t.teardown(() => clearInterval(dripping));
    await once(socket, 'close');
    const elapsedMs = performance.now() - begin;
    t.match(received.join(''), response);
    t.ok(elapsedMs > endsAfterMs - 100 && elapsedMs < endsAfterMs + 4000, `after ${elapsedMs.toFixed(0)} ms`);
  });
}

t.test('a connection that sends requests without reading responses is closed', async (t) => {
  const before = await residentKb(server);
  const { socket } = open(server);
  socket.pause();
  const ask = 'GET /client.js HTTP/1.1\r\nhost: x\r\n\r\n'.repeat(100);
  const asking = setInterval(() => {
    if (!socket.writableNeedDrain) socket.write(ask);
  }, 5);
  t.teardown(() => clearInterval(asking));
  const begin = performance.now();
  await new Promise((resolve) => socket.once('close', resolve));
  const elapsedMs = performance.now() - begin;
  t.ok(elapsedMs < STUCK_MS + 10_000, `after ${elapsedMs.toFixed(0)} ms`);
  const moreKb = (await residentKb(server)) - before;
  t.ok(moreKb < STUCK_KB, `${moreKb} KB more`);
});

t.test(`with ${IDLE} idle connections other clients are served, and each takes under ${KB_EACH} KB`, async (t) => {
  const server = await startServer(t);
  const ask = () => fetch(`${server.url}/hello`);
  for (let i = 0; i < 1000; i += 1) await ask();
  const before = await residentKb(server);
  const sockets: Socket[] = [];
  t.teardown(() => {
    for (const socket of sockets) socket.destroy();
  });
  while (sockets.length < IDLE) {
    const some = Array.from({ length: 200 }, () => open(server).socket);
    sockets.push(...some);
    await Promise.all(
      some.map((socket) => {
        socket.write('GET /hello HTTP/1.1\r\nhost: x\r\n\r\n');
        return once(socket, 'data');
      }),
    );
  }
  // Opening so many at once may overload a busy machine for a moment.
  await until(async () => (await ask()).status === 200);
  const begin = performance.now();
  let served = 0;
  for (let i = 0; i < 100; i += 1) served += Number((await ask()).status === 200);
  const perResponseMs = (performance.now() - begin) / 100;
  const each = ((await residentKb(server)) - before) / IDLE;
  t.comment(`${before} KB before, ${each.toFixed(1)} KB each; one response ${perResponseMs.toFixed(2)} ms`);
  t.ok(served > 90, `${served} of 100 are served`);
  t.ok(each < KB_EACH, `${each.toFixed(1)} KB each`);
  t.ok(perResponseMs < 50, `${perResponseMs.toFixed(1)} ms a response`);
  t.ok(
    sockets.every(({ closed }) => !closed),
    'the connections stay open',
  );
});

function open({ port }: ServerProcess): { socket: Socket; received: string[] } {
  const received: string[] = [];
  const socket = connect(port, '127.0.0.1').setEncoding('utf8');
  socket.on('error', () => undefined).on('data', (text: string) => received.push(text));
  return { socket, received };
}

/** The resident set size of a process, KB. */
async function residentKb({ process }: ServerProcess): Promise<number> {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(await readFile(`/proc/${process.pid}/status`, 'utf8'))?.[1]);
}
