import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { AbstractConnector, type RedisOptions } from 'ioredis';

type Endpoint = Pick<RedisOptions, 'host' | 'port' | 'family'>;

// A connection that the server has not closed by then is destroyed.
const CLOSE_TIMEOUT_MS = 2000;

/**
 * Opens a connection whose errors can't end the process. The client listens for one error only, and a refused certificate
 * may cause two: the refusal and the server's alert.
 */
export function openSocket({ host, port, family }: Endpoint, tls: boolean): Socket | TLSSocket {
  const endpoint = { host: host as string, port: port as number, ...(family === undefined ? {} : { family }) };
  const socket = tls ? connectTls(endpoint) : connectTcp(endpoint);
  socket.on('error', () => undefined);
  return socket;
}

/** Connects a client of ioredis, and its duplicates, to a server over TLS. */
export class TlsConnector extends AbstractConnector {
  private readonly endpoint: Endpoint;

  constructor(options: unknown) {
    super(CLOSE_TIMEOUT_MS);
    this.endpoint = options as Endpoint;
  }

  override async connect() {
    this.connecting = true;
    this.stream = openSocket(this.endpoint, true);
    this.stream.once('error', (problem) => {
      this.firstError = problem;
    });
    return this.stream;
  }
}
