import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { SECRET } from '../support/build.ts';
import { freePort, startRedis } from '../support/redis.ts';
import { ROOT } from '../support/run.ts';
import { until } from '../support/until.ts';

const CTRL_C = '\x03';

/** Starts the service on a pseudo-terminal. */
async function startOnTerminal(t: Test, env: Record<string, string> = {}) {
  const command = `echo pid=$$; exec ${process.execPath} src/server.ts`;
  const terminal = spawn('script', ['--quiet', '--return', '--command', command, '/dev/null'], {
    cwd: ROOT,
    env: { PATH: process.env.PATH ?? '', SHELL: '/bin/sh', TERM: 'xterm', PORT: `${await freePort()}`, ...env },
  });
  const screen = { text: '' };
  terminal.stdout.setEncoding('utf8').on('data', (text) => (screen.text += text));
  const pid = () => Number(/^pid=(\d+)/m.exec(screen.text)?.[1]);
  t.teardown(() => {
    terminal.kill('SIGKILL');
    if (isRunning(pid())) process.kill(pid(), 'SIGKILL');
  });
  return { terminal, screen, pid };
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

t.test('on a terminal, log lines are text, and Ctrl-C stops the service', async (t) => {
  const { terminal, screen } = await startOnTerminal(t);
  await until(() => screen.text.includes('/logout'), 20_000);
  terminal.stdin.write(CTRL_C);
  const [code] = await once(terminal, 'close');
  t.equal(code, 0);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: colours
  const plain = screen.text.replace(/\x1b\[\d+m/g, '');
  t.not(plain, screen.text, 'with colours');
  t.match(plain, /^\[\d\d:\d\d:\d\d\.\d{3}\] INFO: listening on http:/m);
  t.match(plain, /^\[.*\] WARN: SESSION_SECRETS is not set/m);
  t.match(plain, /\] INFO: shutting down/, 'until the end');
  t.notMatch(plain, /"level"|"msg"|hostname/);
});

t.test('with NO_COLOR there are no escape sequences', async (t) => {
  const { screen } = await startOnTerminal(t, { NO_COLOR: '1' });
  await until(() => screen.text.includes('/logout'), 20_000);
  t.match(screen.text, /^\[.*\] INFO: listening on http:/m);
  t.notMatch(screen.text, '\x1b');
});

t.test('in production, log lines are JSON on a terminal too', async (t) => {
  const redis = await startRedis(t);
  const { terminal, screen } = await startOnTerminal(t, {
    NODE_ENV: 'production',
    SESSION_SECRETS: SECRET,
    REDIS_URL: redis.url,
    CREDENTIALS_URL: 'http://127.0.0.1:9',
    SHUTDOWN_GRACE_SECONDS: '1',
  });
  await until(() => screen.text.includes('listening'), 20_000);
  terminal.stdin.write(CTRL_C);
  await once(terminal, 'close');
  const lines = screen.text.split('\r\n').filter((line) => line.startsWith('{'));
  t.ok(lines.length >= 2);
  for (const line of lines) t.match(JSON.parse(line), { level: /^(info|warn)$/, msg: String });
});

t.test('an uncaught error is on the terminal in full before the process exits', async (t) => {
  const source = "process.stdin.once('data', () => { throw new Error('out of paper') })";
  const { terminal, screen } = await startOnTerminal(t, {
    NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(source)}`,
  });
  await until(() => screen.text.includes('/logout'), 20_000);
  terminal.stdin.write('\n');
  const [code] = await once(terminal, 'close');
  t.equal(code, 1);
  t.match(screen.text, /FATAL.*uncaught error/);
  t.match(screen.text, /stack.*Error: out of paper.*\n +at /s);
});

t.test('the service stops when the terminal is closed', async (t) => {
  const { terminal, screen, pid } = await startOnTerminal(t);
  await until(() => screen.text.includes('/logout'), 20_000);
  const begin = performance.now();
  terminal.kill('SIGKILL');
  while (isRunning(pid()) && performance.now() - begin < 10_000) await pause(20);
  t.notOk(isRunning(pid()));
  t.ok(performance.now() - begin < 5000, `after ${(performance.now() - begin).toFixed(0)} ms`);
});
