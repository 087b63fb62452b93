import { readFile } from 'node:fs/promises';
import type { TSchema } from '@sinclair/typebox';
import t from 'tap';
import { loadConfig } from '../src/config/load.ts';
import { ConfigSchema } from '../src/config/schema.ts';

const text = await readFile(new URL('../.env.example', import.meta.url), 'utf8');
const settings = Object.entries<TSchema>(ConfigSchema.properties);

interface Entry {
  readonly name: string;
  readonly value: string;
  readonly comment: readonly string[];
}

/** The settings of the file, each with the comment lines right above it. */
const entries: Entry[] = text.split('\n\n').flatMap((paragraph) => {
  const lines = paragraph.trimEnd().split('\n');
  const [, name = '', value = ''] = /^#([A-Z][A-Z_]*)=(.*)$/.exec(lines.at(-1) ?? '') ?? [];
  return name === '' ? [] : [{ name, value, comment: lines.slice(0, -1) }];
});

t.test('.env.example lists every setting, and no other, in the order of the schema', async (t) => {
  t.same(
    entries.map(({ name }) => name),
    settings.map(([name]) => name),
  );
});

t.test('.env.example sets nothing as it stands', async (t) => {
  t.same(
    text.split('\n').filter((line) => line !== '' && !line.startsWith('#')),
    [],
  );
});

/** What an example needs beside itself. */
const NEEDED: Record<string, Record<string, string>> = {
  SERVICE_SCOPES: { SERVICE_KEYS: ['edge1', 'shop'].map((name) => `${name}:${'x'.repeat(32)}`).join() },
};

for (const { name, value, comment } of entries) {
  t.test(`${name} is explained, and shown with its default or an example that is valid`, async (t) => {
    t.ok(comment.length >= 1 && comment.length <= 2, 'one or two lines');
    t.ok(
      comment.every((line) => line.startsWith('# ')),
      'of comment',
    );
    const { config } = loadConfig({ ...NEEDED[name], [name]: value });
    const { config: byDefault } = loadConfig({});
    const key = name as keyof typeof ConfigSchema.properties;
    // A secret that everyone can read here is no example to follow.
    if (value === '') t.same(ConfigSchema.properties[key].default ?? [], [], 'nothing');
    else if (comment.some((line) => line.includes('Example;'))) t.notSame(config[key], byDefault[key], 'an example');
    else t.same(config[key], byDefault[key], 'the default');
  });
}
