import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import type { Test } from 'tap';

// RFC 6455, section 1.3.
const WEBSOCKET_GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

/** What the app got. */
export interface Echo {
  readonly method: string;
  readonly url: string;
  readonly headers: Record<string, string[]>;
  readonly bytes: number;
  readonly sha256: string;
}

export interface EchoApp {
  readonly address: string;
  readonly received: Echo[];
}

/**
 * An app that knows nothing of sessions: it answers what it got, with the status of the header `answer` where there is
 * one (`none` hangs up), and on a WebSocket whatever it is sent.
 */
export async function startEchoApp(t: Test): Promise<EchoApp> {
  const received: Echo[] = [];
  const server = createServer(async (request, response) => {
    const echo = echoOf(request, await buffer(request));
    received.push(echo);
    if (request.headers.answer === 'none') return request.socket.destroy();
    response.writeHead(Number(request.headers.answer ?? 200), { 'content-type': 'application/json', 'x-app': 'echo' });
    response.end(JSON.stringify(echo));
  });
  server.on('upgrade', (request, socket) => {
    received.push(echoOf(request, Buffer.alloc(0)));
    const accept = createHash('sha1')
      .update(`${request.headers['sec-websocket-key']}${WEBSOCKET_GUID}`)
      .digest('base64');
    socket.write(
      `HTTP/1.1 101 Switching Protocols
Connection: Upgrade
Upgrade: ${request.headers.upgrade}
` +
        `Sec-WebSocket-Accept: ${accept}
X-App: ${request.headers['x-session-user']}

`,
    );
    socket.on('error', () => undefined).pipe(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    server.close();
    server.closeAllConnections();
  });
  return { address: `127.0.0.1:${(server.address() as AddressInfo).port}`, received };
}

function echoOf(request: IncomingMessage, body: Buffer): Echo {
  const { method = '', url = '' } = request;
  const headers = request.headersDistinct as Record<string, string[]>;
  return { method, url, headers, bytes: body.length, sha256: sha256(body) };
}

export function sha256(body: Buffer): string {
  return createHash('sha256').update(body).digest('hex');
}
