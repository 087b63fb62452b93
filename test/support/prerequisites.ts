// Runs before the tests: what they need is installed where that is possible (as root on Debian), or named exactly.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, rmSync, writeFileSync } from 'node:fs';

/** Programs that tests start, and the Debian packages they come in. */
const PROGRAMS = {
  'redis-server': 'redis-server',
  curl: 'curl',
  script: 'bsdutils',
  openssl: 'openssl',
  nginx: 'nginx-light',
  caddy: 'caddy',
  haproxy: 'haproxy',
  chromium: 'chromium',
};

/** Debian asks it before a package starts its service; 101 says no. */
const POLICY = '/usr/sbin/policy-rc.d';

const major = Number(process.versions.node.split('.')[0]);
if (major < 24) fail(`Node ${process.versions.node} runs this, but 24 or later is needed: run "npm ci" first.`);

const missing = Object.entries(PROGRAMS).filter(
  ([program]) => spawnSync('which', [program], { env: { PATH: `${process.env.PATH}:/usr/sbin` } }).status !== 0,
);
if (missing.length > 0) {
  const packages = missing.map(([, debianPackage]) => debianPackage);
  const installable = process.getuid?.() === 0 && existsSync('/usr/bin/apt-get');
  if (!installable)
    fail(`Missing: ${missing.map(([program]) => program)}. On Debian: apt-get install ${packages.join(' ')}`);
  const options = { stdio: 'inherit', env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } } as const;
  execFileSync('apt-get', ['update', '-qq'], options);
  const ours = !existsSync(POLICY);
  if (ours) writeFileSync(POLICY, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    execFileSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...packages], options);
  } finally {
    if (ours) rmSync(POLICY);
  }
}

function fail(message: string): never {
  console.error(message);
  process.exit(1);
}
