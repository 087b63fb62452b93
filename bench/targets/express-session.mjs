// express-session on connect-redis, as their READMEs have it.
import { RedisStore } from 'connect-redis';
import express from 'express';
import session from 'express-session';
import { createClient } from 'redis';

const { PORT, REDIS_URL, SECRET } = process.env;
const client = await createClient({ url: REDIS_URL }).connect();
const app = express();
app.use(
  session({
    secret: SECRET,
    store: new RedisStore({ client, prefix: 'sess:', ttl: 1800 }),
    resave: false,
    saveUninitialized: false,
    cookie: { secure: false, httpOnly: true, sameSite: 'strict', maxAge: 1_800_000 },
  }),
);

app.post('/login', (request, response) => {
  request.session.userId = 'ann';
  request.session.device = { ip: request.ip, userAgent: request.headers['user-agent'] };
  response.json({ ok: true });
});

app.get('/verify', (request, response) => {
  const { userId, device } = request.session;
  if (userId === undefined) return response.status(401).end();
  response.set({ 'cache-control': 'no-store', 'x-session-user': userId, 'x-session-ip': device.ip }).end();
});

app.listen(Number(PORT), '127.0.0.1', () => console.log('listening'));
