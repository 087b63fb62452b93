import closeWithGrace from 'close-with-grace';
import { pino } from 'pino';
import { buildApp } from './app.ts';
import { type Config, loadConfig } from './config.ts';
import { readEnvironment } from './environment.ts';
import { loggerOptions } from './logging.ts';
import { describeRedis, parseRedisUrl } from './stores/redis/address.ts';

/** The process: reads the environment, listens, says so, and ends when it is told to. */
async function main(): Promise<void> {
  const { config, warnings } = loadConfig(readEnvironment());
  const logger = pino(loggerOptions(config.LOG_LEVEL));
  for (const warning of warnings) logger.warn(warning);
  const app = await buildApp(config, { logger });

  closeWithGrace({ delay: config.SHUTDOWN_GRACE_SECONDS * 1000, logger }, async ({ signal, err }) => {
    if (err) logger.fatal({ err }, 'an error nobody caught');
    logger.info({ signal }, 'closing: finishing what is under way');
    await app.close();
  });

  const address = await app.listen({ host: config.HOST, port: config.PORT });
  logger.info({ address, store: config.REDIS_URL === undefined ? 'memory' : 'redis' }, 'listening');
  if (!config.production) console.log(welcome(address, config, app.login.who));
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

main().catch((error: Error) => {
  // What is wrong with the settings is for people, the rest for a log.
  if (error.name === 'ConfigError' || error.name === 'UsersFileError' || error.name === 'ShardsError')
    console.error(error.message);
  else console.error(error);
  process.exit(1);
});
