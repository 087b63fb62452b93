import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
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
  const answer = await get(url, headers);
  const body = await text(answer);
  if (!isSuccess(answer)) throw new Error(`GET ${url}: ${answer.statusCode} ${body}`);
  const kept = Object.entries(answer.headers).filter(([name]) => !OWN.has(name)) as [string, string][];
  return { headers: Object.fromEntries(kept), ...(isJson(answer) ? { body: JSON.parse(body) } : {}) };
}

/** One request on a connection of its own: one that was kept alive may be closed by the server at that moment. */
async function get(url: string, headers: Record<string, string> = {}): Promise<IncomingMessage> {
  const [answer] = await once(request(url, { headers, agent: false }).end(), 'response');
  return answer;
}

function isSuccess({ statusCode = 0 }: IncomingMessage): boolean {
  return statusCode >= 200 && statusCode < 300;
}

function isJson({ headers }: IncomingMessage): boolean {
  return headers['content-type']?.startsWith('application/json') ?? false;
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
    const answer = await get(url).catch(() => undefined);
    answer?.resume();
    if (answer !== undefined && isSuccess(answer)) return;
    await pause(50);
  }
  throw new Error(`${url} does not become ready`);
}
