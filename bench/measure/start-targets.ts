import { shardOfSession } from '../../src/session/session-id.ts';
import { createKeys } from '../../src/stores/redis/layout/keys.ts';
import { type Answer, ask, bytesOfAnswer } from '../lib/answer.ts';
import { freePort, type Started, start } from '../lib/process.ts';
import { type RedisServer, startRedis } from '../lib/redis.ts';
import { logIn, SECRET, startService, USER_AGENT } from '../lib/service.ts';
import type { Path, Target } from '../targets.ts';

/** A target that answers. */
export interface Running {
  readonly target: Target;
  readonly url: string;
  readonly pid: number;
  readonly redis: RedisServer;
  readonly headers: Record<string, string>;
}

/** What the references repeat: answers of sessiond, the cookie they were given for, and the session's record. */
interface Model {
  readonly cookie: string;
  readonly answers: Readonly<Record<Path, Answer>>;
  readonly bytes: Readonly<Record<Path, number>>;
  readonly key: string;
  readonly record: string;
}

type Process = Pick<Running, 'url' | 'pid' | 'redis' | 'headers'>;

/**
 * Starts the targets, each on a Redis of its own, logged in; those that share file and environment are one process.
 *
 * @throws when one does not answer well, or a reference not in as many bytes as sessiond
 */
export async function startTargets(
  targets: readonly Target[],
  users: string,
): Promise<{ running: Running[]; stop: () => Promise<void> }> {
  const started: Started[] = [];
  const stop = async () => {
    for (const one of started.splice(0).toReversed()) await one.stop();
  };
  try {
    const model = await modelAnswers(users);
    const processes = new Map<string, Process>();
    const running: Running[] = [];
    for (const target of targets) {
      const name = `${target.file} ${JSON.stringify(target.env)}`;
      const known = processes.get(name) ?? (await startTarget(target, { users, model, started }));
      processes.set(name, known);
      const one = { ...known, target, url: new URL(target.path, known.url).href };
      await ask(one.url, one.headers);
      if (target.kind === 'reference') await assertSameBytes(one, model.bytes[target.path]);
      running.push(one);
    }
    return { running, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function modelAnswers(users: string): Promise<Model> {
  const redis = await startRedis();
  const service = await startService({ redisUrl: redis.url, users, core: 'server' });
  try {
    const cookie = await logIn(service.url);
    const headers = { cookie, 'user-agent': USER_AGENT };
    const at = (path: Path) => `${service.url}${path}`;
    const answers = { '/verify': await ask(at('/verify'), headers), '/session': await ask(at('/session'), headers) };
    const bytes = {
      '/verify': await bytesOfAnswer(at('/verify'), headers),
      '/session': await bytesOfAnswer(at('/session'), headers),
    };
    const { sessionId } = answers['/session'].body as { sessionId: string };
    const key = createKeys('sd').record(shardOfSession(sessionId), sessionId);
    return { cookie, answers, bytes, key, record: (await redis.client.get(key)) as string };
  } finally {
    await service.stop();
    await redis.stop();
  }
}

async function startTarget(
  target: Target,
  { users, model, started }: { users: string; model: Model; started: Started[] },
): Promise<Process> {
  const redis = await startRedis();
  started.push(redis);
  if (target.kind === 'sessiond') {
    const service = await startService({ redisUrl: redis.url, users, core: 'server', env: target.env });
    started.push(service);
    return { url: service.url, pid: service.pid, redis, headers: headersWith(await logIn(service.url)) };
  }
  const port = await freePort();
  const own = target.kind === 'reference' ? { ANSWERS: JSON.stringify(model.answers) } : { SECRET };
  const reads = 'RAW_PIPELINE' in target.env ? { RAW_KEY: model.key } : {};
  await redis.client.set(model.key, model.record);
  const server = await start([process.execPath, target.file], {
    core: 'server',
    sign: 'listening',
    env: { NODE_ENV: 'production', PORT: `${port}`, REDIS_URL: redis.url, ...own, ...reads, ...target.env },
  });
  started.push(server);
  const url = `http://127.0.0.1:${port}`;
  const cookie = target.kind === 'reference' ? model.cookie : await logIn(url);
  return { url, pid: server.pid, redis, headers: headersWith(cookie) };
}

function headersWith(cookie: string): Record<string, string> {
  return { cookie, 'user-agent': USER_AGENT };
}

async function assertSameBytes({ url, headers, target }: Running, wanted: number): Promise<void> {
  const bytes = await bytesOfAnswer(url, headers);
  if (bytes !== wanted) throw new Error(`${target.label} answers ${bytes} bytes, sessiond ${wanted}`);
}
