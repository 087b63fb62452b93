import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import closeWithGrace from 'close-with-grace';
import { pino } from 'pino';
import { buildApp } from './app.ts';
import { readEnvironment } from './config/environment.ts';
import { type Config, loadConfig } from './config/load.ts';
import { loggerOptions } from './observability/logging.ts';
import { describeRedis, parseRedisUrl } from './stores/redis/connection/address.ts';

// Of the grace, the share in which load balancers learn from /readyz that they should go elsewhere.
const DRAIN_SHARE = 0.2;

/** The process: reads the environment, listens, says so, and ends when it is told to. */
async function main(): Promise<void> {
  const { config, warnings } = loadConfig(readEnvironment());
  const logger = pino(loggerOptions(config.LOG_LEVEL));
  for (const warning of warnings) logger.warn(warning);
  const app = await buildApp(config, { logger });

  const closeSilent = trackSilent(app.server);
  const graceMs = config.SHUTDOWN_GRACE_SECONDS * 1000;
  closeWithGrace({ delay: graceMs, logger }, async ({ signal, err }) => {
    if (err) logger.fatal({ err }, 'an error nobody caught');
    logger.info({ signal }, 'closing: finishing what is under way');
    app.readiness.drain();
    partWithClients(app.server);
    if (config.production && signal) await pause(graceMs * DRAIN_SHARE);
    // A connection that was busy when closing began is kept alive after its answer, and would keep the process too.
    setInterval(() => {
      app.server.closeIdleConnections();
      closeSilent();
    }, 50);
    await app.close();
  });

  const address = await app.listen({ host: config.HOST, port: config.PORT });
  logger.info({ address, store: config.REDIS_URL === undefined ? 'memory' : 'redis' }, 'listening');
  if (!config.production) console.log(welcome(address, config, app.login.who));
}

/** Makes every answer from now on the last of its connection, so that clients come back to another process. */
function partWithClients(server: Server): void {
  server.prependListener('request', (_request, response) => response.setHeader('connection', 'close'));
}

/**
 * Watches connections on which nothing has been asked yet: browsers open some to spare, and Node takes them for busy.
 * Answers a function that ends those there are.
 */
function trackSilent(server: Server): () => void {
  const silent = new Set<Socket>();
  server.on('connection', (socket) => {
    silent.add(socket);
    socket.once('close', () => silent.delete(socket));
  });
  server.on('request', ({ socket }) => silent.delete(socket));
  return () => {
    for (const socket of silent) socket.destroy();
  };
}

/** What a person wants to know who has just started the service, ready to be pasted. */
function welcome(address: string, { demoUser, REDIS_URL: url }: Config, who: string): string {
  const redis = url === undefined ? undefined : parseRedisUrl(url);
  const [user, password] = demoUser ? ['demo', 'demo-password'] : ['<name>', '<password>'];
  return `
sessiond answers on ${address}
  sessions live in   ${redis === undefined ? 'the memory of this process' : describeRedis(redis)}
  who may log in     ${who}
  all there is       ${address}/docs

Try:
  curl -c jar ${address}/login -H 'content-type: application/json' -d '{"username":"${user}","password":"${password}"}'
  curl -b jar ${address}/session
  curl -b jar -c jar -X POST ${address}/logout
`;
}

main().catch((error: NodeJS.ErrnoException) => {
  // What is wrong with the settings is for people, the rest for a log.
  if (error.name === 'ConfigError' || error.name === 'ShardsError') console.error(error.message);
  else if (error.name === 'UsersFileError')
    console.error(`sessiond can't start with this USERS_FILE: ${error.message}`);
  else if (error.syscall === 'listen') console.error(`sessiond can't listen on this HOST and PORT: ${error.message}`);
  else console.error(error);
  process.exit(1);
});
