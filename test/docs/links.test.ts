import { existsSync } from 'node:fs';
import { glob, readFile } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import t from 'tap';
import packageJson from '../../package.json' with { type: 'json' };
import { ROOT } from '../support/run.ts';

const FOREIGN = new Set(['node_modules', '.tap', '.git']);
const NPM_COMMANDS = ['ci', 'install'];
const scripts: Record<string, string> = packageJson.scripts;

const pages = new Map<string, string>();
for await (const name of glob('**/*.md', { cwd: ROOT, exclude: (path) => FOREIGN.has(basename(path)) })) {
  pages.set(name, await readFile(join(ROOT, name), 'utf8'));
}

/** The targets of a page's links and images, as written; code blocks have none. */
function linksOf(text: string): string[] {
  return [...text.replace(/^ *```[\s\S]*?^ *```/gm, '').matchAll(/\]\(([^)\s]+)\)/g)].map(([, link]) => link as string);
}

/** The anchors that GitHub and GitLab make of a page's headings. */
function anchorsOf(text: string): Set<string> {
  const headings = [...text.replace(/^```[\s\S]*?^```/gm, '').matchAll(/^#+ +(.+)$/gm)].map(([, heading]) =>
    (heading as string)
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
  return new Set(headings);
}

/** Says what is wrong with a link of a page; `undefined` when it leads somewhere. */
function problemOf(page: string, link: string): string | undefined {
  if (/^[a-z]+:/.test(link)) return undefined;
  const [path = '', anchor] = link.split('#');
  const target = path === '' ? page : relative(ROOT, join(ROOT, dirname(page), path));
  if (!existsSync(join(ROOT, target))) return `${target} does not exist`;
  if (anchor === undefined) return undefined;
  return anchorsOf(pages.get(target) ?? '').has(anchor) ? undefined : `${target} has no heading #${anchor}`;
}

t.test('a link that leads nowhere is found', async (t) => {
  t.equal(problemOf('docs/security.md', 'none.md'), 'docs/none.md does not exist');
  t.equal(problemOf('README.md', '#none'), 'README.md has no heading #none');
  t.equal(problemOf('README.md', 'docs/redis.md#none'), 'docs/redis.md has no heading #none');
  t.equal(problemOf('docs/security.md', 'redis.md#rights'), undefined);
});

for (const [page, text] of pages) {
  t.test(`every relative link of ${page} leads somewhere`, async (t) => {
    for (const link of new Set(linksOf(text))) t.equal(problemOf(page, link), undefined, link);
  });

  t.test(`every npm command of ${page} exists`, async (t) => {
    const commands = [...text.matchAll(/(?<![\w-])npm (run )?([a-z][\w:-]*)/g)];
    for (const [command, isScript, name] of commands) {
      if (isScript || !NPM_COMMANDS.includes(name as string)) t.hasProp(scripts, name as string, command);
    }
  });
}

t.test('the pages are those of the project', async (t) => {
  for (const page of ['README.md', 'CONTRIBUTING.md', 'docs/security.md']) t.ok(pages.has(page), page);
});
