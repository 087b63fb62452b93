// Fastify and nothing else: answers the very bytes that sessiond answers, given in ANSWERS by path. With RAW_KEY each
// answer is preceded by one GET of that key; with RAW_HMAC also by one HMAC-SHA-256 of the token in the cookie.
import { createHmac } from 'node:crypto';
import Fastify from 'fastify';
import { Redis } from 'ioredis';

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
  else app.get(path, afterRead(answer));
}

function afterRead(answer) {
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
