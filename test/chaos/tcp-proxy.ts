import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import type { Owner } from '../support/owner.ts';

/** A network between a pod and its Redis, of which one can have too little. */
export interface TcpProxy {
  readonly port: number;
  /** Nothing gets through any more, and nobody is told: what is sent arrives after `restore`, if at all. */
  cut(): void;
  /** Everything arrives so much later, in each direction. */
  delay(ms: number): void;
  /** Ends every connection; new ones are made as ever. */
  reset(): void;
  restore(): void;
}

interface Target {
  readonly host: string;
  readonly port: number;
}

/** Starts a proxy on a free port of loopback. */
export async function startTcpProxy(owner: Owner, target: Target): Promise<TcpProxy> {
  const sockets = new Set<Socket>();
  let delayMs = 0;
  let isCut = false;
  let waiting: (() => void)[] = [];

  const server = createServer((client) => {
    // Who connects to a network that is cut is neither refused nor let through.
    if (isCut) waiting.push(() => join(client));
    else join(client);
    keep(client);
    if (isCut) client.pause();
  });

  function join(client: Socket): void {
    if (client.destroyed) return;
    const upstream = connect(target);
    keep(upstream);
    if (isCut) upstream.pause();
    forward(client, upstream);
    forward(upstream, client);
  }

  function keep(socket: Socket): void {
    sockets.add(socket);
    socket.setNoDelay(true);
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
  }

  function forward(from: Socket, to: Socket): void {
    const late: { readonly chunk: Buffer; readonly due: number }[] = [];
    let closed = false;
    const deliver = () => {
      for (let [first] = late; first !== undefined && first.due <= performance.now(); [first] = late) {
        to.write(first.chunk);
        late.shift();
      }
      const [next] = late;
      if (next !== undefined) setTimeout(deliver, next.due - performance.now());
      else if (closed) to.end();
    };
    from.on('data', (chunk) => {
      if (delayMs === 0 && late.length === 0) {
        to.write(chunk);
        return;
      }
      late.push({ chunk, due: performance.now() + delayMs });
      if (late.length === 1) setTimeout(deliver, delayMs);
    });
    from.on('close', () => {
      closed = true;
      if (late.length === 0) to.end();
    });
  }

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  owner.teardown(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });

  return {
    port: (server.address() as AddressInfo).port,
    cut() {
      isCut = true;
      for (const socket of sockets) socket.pause();
    },
    delay(ms) {
      delayMs = ms;
    },
    reset() {
      for (const socket of sockets) socket.resetAndDestroy();
    },
    restore() {
      isCut = false;
      delayMs = 0;
      for (const socket of sockets) socket.resume();
      for (const join of waiting) join();
      waiting = [];
    },
  };
}
