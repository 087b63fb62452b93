// Before every other import: see the file.
import './observability/keep-tick-maps.ts';

import type { Server } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { format } from 'node:util';
import closeWithGrace from 'close-with-grace';
import { buildApp } from './app.ts';
import { readEnvironment } from './config/environment.ts';
import { type Config, loadConfig } from './config/load.ts';
import { watchConnections } from './http/connections.ts';
import { createLogger } from './observability/logging.ts';
import { describeRedis, parseRedisUrl } from './stores/redis/connection/address.ts';

// Share of the grace period in which /readyz is 503 and the service still accepts connections, so that load balancers
// stop sending requests. Without a load balancer, 200 ms are enough to close keep-alive connections by a response.
const DRAIN_SHARE = 0.2;
const DRAIN_OUTSIDE_PRODUCTION_MS = 200;

/** Reads the settings, starts the service, and stops it on SIGTERM, SIGINT or an uncaught error. */
async function main(): Promise<void> {
  const { config, warnings } = loadConfig(readEnvironment());
  const logger = await createLogger(config);
  // ioredis warns on the console, for one of a password that Redis does not ask for.
  console.warn = (...words) => logger.warn(format(...words));
  for (const warning of warnings) logger.warn(warning);
  const app = await buildApp(config, { logger });

  const connections = watchConnections(app.server);
  const graceMs = config.SHUTDOWN_GRACE_SECONDS * 1000;
  closeWithGrace({ delay: graceMs, logger }, async ({ signal, err }) => {
    if (err) logger.fatal({ err }, 'uncaught error');
    logger.info({ signal }, 'shutting down: finishing requests in flight');
    app.readiness.drain();
    closeAfterResponse(app.server);
    const drainMs = graceMs * DRAIN_SHARE;
    if (signal) await pause(config.production ? drainMs : Math.min(drainMs, DRAIN_OUTSIDE_PRODUCTION_MS));
    // A connection that was busy when closing began stays open after its response and would keep the process running.
    setInterval(() => {
      app.server.closeIdleConnections();
      connections.closeUnused();
    }, 50);
    await app.close();
  });

  // Fastify logs this line, one for each address of a wildcard HOST.
  const listenTextResolver = (address: string) => `listening on ${address}`;
  const address = await app.listen({ host: config.HOST, port: config.PORT, listenTextResolver });
  if (!config.production) console.log(welcome(address, config, app.login.who));
}

/** Adds `Connection: close` to every response from now on: clients reconnect, and reach another process. */
function closeAfterResponse(server: Server): void {
  server.prependListener('request', (_request, response) => response.setHeader('connection', 'close'));
}

/** Returns the message for a person who has started the service: what it uses, and commands to try. */
function welcome(address: string, { demoUser, REDIS_URL: url }: Config, who: string): string {
  const redis = url === undefined ? undefined : parseRedisUrl(url);
  const [user, password] = demoUser ? ['demo', 'demo-password'] : ['<name>', '<password>'];
  return `
sessiond listens on ${address}
  sessions kept in   ${redis === undefined ? 'the memory of this process' : describeRedis(redis)}
  who may log in     ${who}
  API documentation  ${address}/docs

Try:
  curl -c jar ${address}/login -H 'content-type: application/json' -d '{"username":"${user}","password":"${password}"}'
  curl -b jar ${address}/session
  curl -b jar -c jar -X POST ${address}/logout
`;
}

main().catch((error: NodeJS.ErrnoException) => {
  // These errors have messages for people; others keep their stack trace.
  if (error.name === 'ConfigError' || error.name === 'ShardsError') console.error(error.message);
  else if (error.name === 'UsersFileError')
    console.error(`sessiond can't start with this USERS_FILE: ${error.message}`);
  else if (error.syscall === 'listen') console.error(`sessiond can't listen on this HOST and PORT: ${error.message}`);
  else console.error(error);
  process.exit(1);
});
