// @mgcrea/fastify-session on its Redis store, as their READMEs have it.
import fastifyCookie from '@fastify/cookie';
import fastifySession from '@mgcrea/fastify-session';
import { RedisStore } from '@mgcrea/fastify-session-redis-store';
import Fastify from 'fastify';
import { Redis } from 'ioredis';

const { PORT, REDIS_URL, SECRET } = process.env;
const app = Fastify({ logger: false });
await app.register(fastifyCookie);
await app.register(fastifySession, {
  secret: SECRET,
  store: new RedisStore({ client: new Redis(REDIS_URL), ttl: 1800 }),
  saveUninitialized: false,
  logBindings: { level: 'silent' },
  cookie: { secure: false, httpOnly: true, sameSite: 'strict', maxAge: 1800 },
});

app.post('/login', async (request) => {
  request.session.set('userId', 'ann');
  request.session.set('device', { ip: request.ip, userAgent: request.headers['user-agent'] });
  return { ok: true };
});

app.get('/verify', async (request, reply) => {
  const userId = request.session.get('userId');
  if (userId === undefined) return reply.code(401).send();
  const { ip } = request.session.get('device');
  reply.header('cache-control', 'no-store').header('x-session-user', userId).header('x-session-ip', ip);
  return reply.send();
});

await app.listen({ host: '127.0.0.1', port: Number(PORT) });
console.log('listening');
