import { randomBytes, scryptSync } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { untilAnswers } from './answer.ts';
import { type Core, freePort, ROOT, type Started, start, temporaryFolder } from './process.ts';

/** The 111 characters a browser says of itself. */
export const USER_AGENT =
  'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36 sessiond1';
export const USER = 'ann';
export const SECRET = 'a secret for measuring and for nothing but measuring';

export interface Service extends Started {
  readonly url: string;
}

/** A users file with one user, whose hash is cheap: not the hash is measured. */
export async function usersFile(): Promise<string> {
  const folder = temporaryFolder();
  const path = join(folder, 'users');
  const salt = randomBytes(16);
  const hash = scryptSync(passwordOf(USER), salt, 32, { N: 16, r: 8, p: 1 });
  const text = (bytes: Buffer) => bytes.toString('base64').replace(/=+$/, '');
  await writeFile(path, `${USER}:$scrypt$ln=4,r=8,p=1$${text(salt)}$${text(hash)}\n`);
  return path;
}

/** Starts sessiond as it runs in production: metrics, a log, Redis, a users file. */
export async function startService(options: {
  readonly redisUrl: string;
  readonly users: string;
  readonly core: Core;
  readonly env?: Readonly<Record<string, string>>;
}): Promise<Service> {
  const port = await freePort();
  const server = await start([process.execPath, join(ROOT, 'src', 'server.ts')], {
    core: options.core,
    sign: '"msg":"listening',
    env: {
      NODE_ENV: 'production',
      LOG_LEVEL: 'info',
      PORT: `${port}`,
      REDIS_URL: options.redisUrl,
      SESSION_SECRETS: SECRET,
      USERS_FILE: options.users,
      LOGIN_RATE_MAX: '1000000',
      LOGIN_RATE_MAX_PER_ADDRESS: '1000000',
      SHUTDOWN_GRACE_SECONDS: '1',
      ...options.env,
    },
  });
  const url = `http://127.0.0.1:${port}`;
  await untilAnswers(`${url}/readyz`);
  return { ...server, url };
}

/** Logs in, and answers the cookie as a browser sends it back. @throws when the answer is no success */
export async function logIn(url: string): Promise<string> {
  const answer = await fetch(`${url}/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'user-agent': USER_AGENT },
    body: JSON.stringify({ username: USER, password: passwordOf(USER) }),
  });
  const [cookie] = answer.headers.getSetCookie();
  if (!answer.ok || cookie === undefined) throw new Error(`POST ${url}/login: ${answer.status}`);
  return cookie.slice(0, cookie.indexOf(';'));
}

/** The password of a user of `usersFile`. */
export function passwordOf(user: string): string {
  return `${user}-password`;
}
