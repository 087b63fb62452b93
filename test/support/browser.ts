import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Test } from 'tap';
import { until } from './until.ts';

const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--disable-dev-shm-usage',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
  '--remote-debugging-port=0',
];

type Fields = Record<string, unknown>;
type Send = (method: string, params?: Fields, sessionId?: string) => Promise<Fields>;

/** One user at one browser: tabs of a profile share their cookies, and no other profile's. */
export interface Profile {
  open(url: string): Promise<Tab>;
}

export interface Tab {
  /** What an expression comes to in the page, as JSON carries it. @throws what it throws there */
  evaluate<Value>(expression: string): Promise<Value>;
  /** Waits until an expression comes true in the page. */
  until(expression: string, deadlineMs?: number): Promise<void>;
  /** Clicks at the middle of the element. */
  click(selector: string): Promise<void>;
  /** Types into the element that has the focus. */
  type(text: string): Promise<void>;
  moveMouse(x: number, y: number): Promise<void>;
  /** Any command of the DevTools protocol. */
  send(method: string, params?: Fields): Promise<Fields>;
  /** What the browser has said against the page: errors nobody caught, and what its policies forbid. */
  readonly complaints: readonly string[];
  close(): Promise<void>;
}

/** Starts a Chromium without a window, driven by the DevTools protocol; stopped with the test. */
export async function startBrowser(t: Pick<Test, 'teardown'>): Promise<{ profile(): Promise<Profile> }> {
  const folder = await mkdtemp(join(tmpdir(), 'sessiond-browser-'));
  const browser = spawn('chromium', [...FLAGS, `--user-data-dir=${folder}`], { stdio: ['ignore', 'ignore', 'pipe'] });
  t.teardown(async () => {
    browser.kill('SIGKILL');
    if (browser.exitCode === null && browser.signalCode === null) await once(browser, 'exit');
    await rm(folder, { recursive: true, force: true, maxRetries: 10 });
  });
  const { send, listen } = await connect(await addressOf(browser.stderr));

  async function open(browserContextId: unknown, url: string): Promise<Tab> {
    const { targetId } = await send('Target.createTarget', { url: 'about:blank', browserContextId });
    const { sessionId } = await send('Target.attachToTarget', { targetId, flatten: true });
    const call: Tab['send'] = (method, params) => send(method, params, sessionId as string);
    const complaints: string[] = [];
    listen(sessionId as string, (method, params) => {
      const said = complaintOf(method, params);
      if (said !== undefined) complaints.push(said);
    });
    for (const domain of ['Page', 'Runtime', 'Log']) await call(`${domain}.enable`);

    async function evaluate<Value>(expression: string): Promise<Value> {
      const options = { expression, awaitPromise: true, returnByValue: true, userGesture: true };
      const { result, exceptionDetails } = (await call('Runtime.evaluate', options)) as {
        result: { value: Value };
        exceptionDetails?: { exception?: { description?: string } };
      };
      if (exceptionDetails) throw new Error(`${expression}: ${exceptionDetails.exception?.description}`);
      return result.value;
    }

    const mouse = (type: string, x: number, y: number, more: Fields = {}) =>
      call('Input.dispatchMouseEvent', { type, x, y, ...more });
    const tab: Tab = {
      evaluate,
      until: (expression, deadlineMs = 20_000) => until(() => evaluate<boolean>(`Boolean(${expression})`), deadlineMs),
      async click(selector) {
        const [x, y] = await evaluate<[number, number]>(`(() => {
          const element = document.querySelector(${JSON.stringify(selector)});
          element.scrollIntoView({ block: 'center' });
          const { x, y, width, height } = element.getBoundingClientRect();
          return [x + width / 2, y + height / 2];
        })()`);
        await mouse('mousePressed', x, y, { button: 'left', clickCount: 1 });
        await mouse('mouseReleased', x, y, { button: 'left', clickCount: 1 });
      },
      async type(text) {
        await call('Input.insertText', { text });
      },
      async moveMouse(x, y) {
        await mouse('mouseMoved', x, y);
      },
      send: call,
      complaints,
      async close() {
        await send('Target.closeTarget', { targetId });
      },
    };
    // Each tab behaves as the one in front, whichever was opened last.
    await call('Emulation.setFocusEmulationEnabled', { enabled: true });
    await call('Page.navigate', { url });
    await tab.until(`location.href === ${JSON.stringify(url)} && document.readyState === 'complete'`);
    return tab;
  }

  return {
    async profile() {
      const { browserContextId } = await send('Target.createBrowserContext');
      return { open: (url) => open(browserContextId, url) };
    },
  };
}

/** Where a browser that starts says it can be driven. */
async function addressOf(stderr: NodeJS.ReadableStream): Promise<string> {
  for await (const line of createInterface(stderr)) {
    const [, address] = /^DevTools listening on (ws:\S+)/.exec(line) ?? [];
    if (address !== undefined) {
      stderr.resume();
      return address;
    }
  }
  throw new Error('Chromium did not start.');
}

async function connect(address: string) {
  const socket = new WebSocket(address);
  await new Promise((resolve, reject) => {
    socket.onopen = resolve;
    socket.onerror = () => reject(new Error('Chromium does not answer.'));
  });
  const waiting = new Map<number, PromiseWithResolvers<Fields>>();
  const listeners = new Map<string, (method: string, params: Fields) => void>();
  let calls = 0;

  socket.onmessage = ({ data }) => {
    const { id, result, error, method, params, sessionId } = JSON.parse(String(data));
    if (id === undefined) listeners.get(sessionId)?.(method, params);
    else if (error) waiting.get(id)?.reject(new Error(error.message));
    else waiting.get(id)?.resolve(result);
    waiting.delete(id);
  };
  const send: Send = (method, params = {}, sessionId) => {
    calls += 1;
    const answer = Promise.withResolvers<Fields>();
    waiting.set(calls, answer);
    socket.send(JSON.stringify({ id: calls, method, params, sessionId }));
    return answer.promise;
  };
  return { send, listen: listeners.set.bind(listeners) };
}

function complaintOf(method: string, params: Fields): string | undefined {
  if (method === 'Runtime.exceptionThrown') return JSON.stringify(params.exceptionDetails);
  const { source, level, text } = (params.entry ?? {}) as Record<string, string>;
  return method === 'Log.entryAdded' && level === 'error' && source !== 'network' ? `${source}: ${text}` : undefined;
}
