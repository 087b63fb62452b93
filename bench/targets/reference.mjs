// Fastify and nothing else: sends the bytes that sessiond sends, given in ANSWERS by path. With RAW_KEY each request
// makes one GET of that key first; with RAW_HMAC also one HMAC-SHA-256 of the token in the cookie. ioredis is imported
// only where it is used: the import alone slows down an HTTP server.
import { createHmac } from 'node:crypto';
import Fastify from 'fastify';

const { PORT, REDIS_URL, RAW_KEY, RAW_HMAC, RAW_PIPELINE } = process.env;
const answers = JSON.parse(process.env.ANSWERS);
const app = Fastify({ logger: false });

for (const [path, { headers, body }] of Object.entries(answers)) {
  const pairs = Object.entries(headers);
  const answer = (reply) => {
    for (const [name, value] of pairs) reply.header(name, value);
    reply.send(body);
  };
  if (RAW_KEY === undefined) app.get(path, (_request, reply) => answer(reply));
  else app.get(path, await afterRead(answer));
}

async function afterRead(answer) {
  const { Redis } = await import('ioredis');
  const redis = new Redis(REDIS_URL, { enableAutoPipelining: RAW_PIPELINE === '1' });
  return async (request, reply) => {
    if (RAW_HMAC === '1') createHmac('sha256', RAW_KEY).update(request.headers.cookie).digest('base64url');
    if ((await redis.get(RAW_KEY)) === null) throw new Error('The record is gone');
    answer(reply);
    return reply;
  };
}

await app.listen({ host: '127.0.0.1', port: Number(PORT) });
console.log('listening');
