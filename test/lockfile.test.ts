import { readFile } from 'node:fs/promises';
import t from 'tap';
import packageJson from '../package.json' with { type: 'json' };

interface Package {
  readonly version?: string;
  readonly integrity?: string;
  readonly dev?: boolean;
  readonly optional?: boolean;
  readonly dependencies?: Record<string, string>;
  readonly optionalDependencies?: Record<string, string>;
}

const text = await readFile(new URL('../package-lock.json', import.meta.url), 'utf8');
const packages: Record<string, Package> = JSON.parse(text).packages;
const installed = Object.entries(packages).filter(([path]) => path !== '');

t.test('every dependency is pinned to one version, and the lock file has that version', async (t) => {
  for (const [name, version] of Object.entries({ ...packageJson.dependencies, ...packageJson.devDependencies })) {
    t.match(version, /^\d+\.\d+\.\d+$/, name);
    t.equal(packages[`node_modules/${name}`]?.version, version, `${name} in the lock file`);
  }
});

t.test('the lock file says what is installed, not where from', async (t) => {
  t.equal(text.match(/"resolved"/g), null);
});

t.test('the lock file is complete for every platform: npm ci takes no other', async (t) => {
  for (const [path, { dependencies, optionalDependencies }] of installed) {
    const wanted = Object.keys({ ...dependencies, ...optionalDependencies });
    t.same(
      wanted.filter((name) => !isLocked(path, name)),
      [],
      path,
    );
  }
});

// The linter for platforms that the tests do not run on, which no machine here has installed.
const WITHOUT_HASH = [
  'android-arm64',
  'android-x64',
  'darwin-arm64',
  'darwin-x64',
  'linux-arm64-musl',
  'linux-x64-musl',
  'win32-arm64',
  'win32-x64',
].map((platform) => `node_modules/@biomejs/cli-${platform}`);

t.test('every package is known by its hash, but for the linter on eight other platforms', async (t) => {
  const unknown = installed.filter(([, { integrity }]) => !integrity);
  t.same(
    unknown.map(([path]) => path),
    WITHOUT_HASH,
  );
  for (const [path, { dev, optional }] of unknown) t.ok(dev && optional, path);
});

/** Whether a package finds another from its place, as Node looks for it: beside it, or in any folder above. */
function isLocked(path: string, name: string): boolean {
  const places = path.split(/(?:^|\/)node_modules\//).slice(1);
  return places
    .concat('')
    .some((_, depth) => packages[['', ...places.slice(0, depth), name].join('/node_modules/').slice(1)] !== undefined);
}
