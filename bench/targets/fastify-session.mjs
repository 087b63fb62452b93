// @fastify/session on connect-redis, as their READMEs have it; ROLLING=0 does without the write of every request.
import fastifyCookie from '@fastify/cookie';
import fastifySession from '@fastify/session';
import { RedisStore } from 'connect-redis';
import Fastify from 'fastify';
import { createClient } from 'redis';

const { PORT, REDIS_URL, SECRET, ROLLING } = process.env;
const client = await createClient({ url: REDIS_URL }).connect();
const app = Fastify({ logger: false });
await app.register(fastifyCookie);
await app.register(fastifySession, {
  secret: SECRET,
  store: new RedisStore({ client, prefix: 'sess:', ttl: 1800 }),
  saveUninitialized: false,
  rolling: ROLLING !== '0',
  cookie: { secure: false, httpOnly: true, sameSite: 'strict', maxAge: 1_800_000 },
});

app.post('/login', async (request) => {
  request.session.userId = 'ann';
  request.session.device = { ip: request.ip, userAgent: request.headers['user-agent'] };
  return { ok: true };
});

app.get('/verify', async (request, reply) => {
  const { userId, device } = request.session;
  if (userId === undefined) return reply.code(401).send();
  reply.header('cache-control', 'no-store').header('x-session-user', userId).header('x-session-ip', device.ip);
  return reply.send();
});

await app.listen({ host: '127.0.0.1', port: Number(PORT) });
console.log('listening');
