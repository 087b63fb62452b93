import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { AbstractConnector, type RedisOptions } from 'ioredis';

type Place = Pick<RedisOptions, 'host' | 'port' | 'family'>;

// What a server that is gone has not closed by then is closed without it.
const GOODBYE_MS = 2000;

/**
 * Opens a connection whose errors end nothing else: the client listens for one, and where a certificate is refused the
 * server may answer with an alert, a second one, which would end the process.
 */
export function openSocket({ host, port, family }: Place, tls: boolean): Socket | TLSSocket {
  const place = { host: host as string, port: port as number, ...(family === undefined ? {} : { family }) };
  const socket = tls ? connectTls(place) : connectTcp(place);
  socket.on('error', () => undefined);
  return socket;
}

/** What leads a client of ioredis, and its duplicates, to a server over TLS. */
export class TlsConnector extends AbstractConnector {
  private readonly place: Place;

  constructor(options: unknown) {
    super(GOODBYE_MS);
    this.place = options as Place;
  }

  override async connect() {
    this.connecting = true;
    this.stream = openSocket(this.place, true);
    this.stream.once('error', (problem) => {
      this.firstError = problem;
    });
    return this.stream;
  }
}
