import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

/** An answer as a reference is to repeat it. */
export interface Answer {
  readonly headers: Record<string, string>;
  readonly body?: unknown;
}

// What Node and Fastify set by themselves.
const OWN = new Set(['date', 'connection', 'keep-alive', 'content-length', 'content-type']);

/** Asks once. @throws when the answer is anything but a success */
export async function ask(url: string, headers: Record<string, string>): Promise<Answer> {
  const answer = await fetch(url, { headers, redirect: 'manual' });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`GET ${url}: ${answer.status} ${text}`);
  const kept = [...answer.headers].filter(([name]) => !OWN.has(name));
  return { headers: Object.fromEntries(kept), ...(text === '' ? {} : { body: JSON.parse(text) }) };
}

/** How many bytes one answer takes on the wire, all told. */
export async function bytesOfAnswer(url: string, headers: Record<string, string>): Promise<number> {
  const { hostname, port, host, pathname } = new URL(url);
  const socket = connect(Number(port), hostname);
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.write(`GET ${pathname} HTTP/1.1\r\nhost: ${host}\r\n${lines.join('')}\r\n`);
  let bytes = 0;
  socket.on('data', (chunk) => {
    bytes += chunk.length;
    setTimeout(() => socket.destroy(), 50);
  });
  await once(socket, 'close');
  return bytes;
}

/** Waits until an address answers with a success. @throws when that takes too long */
export async function untilAnswers(url: string): Promise<void> {
  for (let left = 200; left > 0; left -= 1) {
    const answer = await fetch(url).catch(() => undefined);
    await answer?.arrayBuffer();
    if (answer?.ok) return;
    await pause(50);
  }
  throw new Error(`${url} does not become ready`);
}
