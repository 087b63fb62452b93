import { once } from 'node:events';
import { connect } from 'node:net';

/**
 * Asks for an upgrade, and once it is granted says something.
 *
 * @returns what came back, up to the end of the headers or to the echo of what was said
 */
export async function upgrade(port: number, headers: Record<string, string>, say = ''): Promise<string> {
  const socket = connect(port, '127.0.0.1').setEncoding('latin1').setTimeout(5000);
  socket.on('timeout', () => socket.destroy(new Error('No answer')));
  const lines = Object.entries({ connection: 'Upgrade, HTTP2-Settings', ...headers }).map(
    ([name, value]) => `${name}: ${value}\r\n`,
  );
  socket.write(`GET /socket HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\n${lines.join('')}\r\n`);
  let received = '';
  let said = false;
  while (!received.includes('\r\n\r\n') || (said && !received.endsWith(`\r\n\r\n${say}`))) {
    const [data] = await once(socket, 'data');
    received += data;
    if (!said && received.startsWith('HTTP/1.1 101') && received.includes('\r\n\r\n')) {
      said = true;
      socket.write(say);
    }
  }
  socket.destroy();
  return received;
}
