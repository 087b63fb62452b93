import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import packageJson from '../package.json' with { type: 'json' };
import { quickTests } from './support/quick-tests.ts';
import { ROOT } from './support/run.ts';

const scripts: Record<string, string> = packageJson.scripts;

const readme = await readFile(join(ROOT, 'README.md'), 'utf8');
const blocks = [...readme.matchAll(/^ *```.*\n([\s\S]*?)^ *```/gm)].map(([, code]) => code as string);

t.test('README.md says how to install, start and test', async (t) => {
  for (const command of ['npm ci', 'npm start', 'npm test']) {
    t.ok(
      blocks.some((code) => code.includes(command)),
      command,
    );
  }
});

t.test('every file that a script names exists', async (t) => {
  const files = Object.values(scripts).flatMap((script) => script.match(/\S+\.ts\b/g) ?? []);
  t.ok(files.length > 0);
  for (const file of files) t.ok(existsSync(join(ROOT, file)), file);
});

t.test('npm run check runs tests that start no server', async (t) => {
  const quick = quickTests();
  t.ok(quick.includes('test/src/session/token.test.ts'));
  t.notOk(quick.includes('test/src/stores/redis/store.test.ts'), 'Redis, by way of a shared file');
  t.notOk(quick.includes('test/public/client-browser.test.ts'), 'a browser');
  t.notOk(quick.includes('test/deploy/proxies/nginx.test.ts'), 'a proxy');
});
