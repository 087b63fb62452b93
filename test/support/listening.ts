import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';
import type { Test } from 'tap';
import { build } from './build.ts';

export interface Listening {
  readonly app: FastifyInstance;
  readonly url: string;
  /** What has been asked of it so far, oldest first: header `x-tab`, method and path. */
  readonly asked: string[];
}

/** The whole app, listening on a free port of this machine. */
export async function listening(t: Test, env: Record<string, string> = {}): Promise<Listening> {
  // A person would not wait longer.
  const { app } = await build(t, env, { deadlineMs: 1000 });
  const asked: string[] = [];
  app.server.on('request', ({ headers, method, url }: IncomingMessage) => {
    asked.push(`${headers['x-tab'] ?? 'page'} ${method} ${url}`);
  });
  // Browsers open connections ahead of need, and closing would wait for what is never asked on them.
  t.teardown(() => app.server.closeAllConnections());
  await app.listen({ host: '127.0.0.1', port: 0 });
  return { app, url: `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`, asked };
}
