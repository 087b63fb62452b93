import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import packageJson from '../package.json' with { type: 'json' };
import { ROOT } from './support/run.ts';

const BUILT_IN = ['ci', 'install', 'start', 'test'];
const scripts: Record<string, string> = packageJson.scripts;

const readme = await readFile(join(ROOT, 'README.md'), 'utf8');
const blocks = [...readme.matchAll(/^ *```.*\n([\s\S]*?)^ *```/gm)].map(([, code]) => code as string);
const commands = [...readme.matchAll(/(?<![\w-])npm (?:run )?[a-z][\w:-]*/g)].map(([command]) => command);

t.test('README.md says how to install, start and test', async (t) => {
  for (const command of ['npm ci', 'npm start', 'npm test']) {
    t.ok(
      blocks.some((code) => code.includes(command)),
      command,
    );
  }
});

for (const command of new Set(commands)) {
  t.test(`${command}, as README.md has it, exists`, async (t) => {
    const [, first = '', name] = command.split(' ');
    if (first === 'run') t.hasProp(scripts, name as string);
    else t.ok(BUILT_IN.includes(first), `npm ${first} is a command of npm`);
    if (first === 'start' || first === 'test') t.hasProp(scripts, first);
  });
}

t.test('every file that a script names exists', async (t) => {
  const files = Object.values(scripts).flatMap((script) => script.match(/\S+\.ts\b/g) ?? []);
  t.ok(files.length > 0);
  for (const file of files) t.ok(existsSync(join(ROOT, file)), file);
});
