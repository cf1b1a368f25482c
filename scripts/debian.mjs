// Installs the Debian packages that tests talk to, where that is possible: as root, with apt-get.

import { spawnSync } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const TEST_PACKAGES = [
  'chromium',
  'curl',
  'prometheus',
  'prometheus-node-exporter',
  'prometheus-pushgateway',
  'victoria-metrics',
];

const LOG = join(tmpdir(), 'tidegauge-test-apt.log');
const LOG_TAIL_LINES = 15;
/** Asked by Debian's packages before they start a service; 101 forbids it. */
const POLICY = '/usr/sbin/policy-rc.d';

/**
 * Installs what of `packages` is missing. Never fails: says why it did not, and goes on, as the
 * tests that need a program look for it themselves.
 *
 * @param {readonly string[]} packages
 * @param {(line: string) => void} say
 */
export function ensureDebianPackages(packages, say) {
  const missing = packages.filter((name) => !isInstalled(name));
  if (missing.length === 0) return;
  const obstacle = whyNot();
  if (obstacle !== undefined) {
    say(`not installing ${missing.join(' ')}: ${obstacle}`);
    return;
  }
  say(`installing Debian packages: ${missing.join(' ')} (log: ${LOG}) ...`);
  writeFileSync(LOG, '');
  const failure = withoutStartingServices(() => install(missing));
  if (failure === undefined) return;
  const tail = readFileSync(LOG, 'utf8').trimEnd().split('\n').slice(-LOG_TAIL_LINES);
  say(`installing failed: ${failure}\n${tail.join('\n')}`);
}

/** @returns {string | undefined} */
function whyNot() {
  if (process.platform !== 'linux' || !existsSync('/usr/bin/apt-get')) return 'no apt-get here';
  if (process.getuid?.() !== 0) return 'not root';
  return undefined;
}

/** @param {string} name */
function isInstalled(name) {
  const result = spawnSync('dpkg-query', ['-W', '-f', '${Status}', name], { encoding: 'utf8' });
  return result.status === 0 && result.stdout.startsWith('install ok');
}

/**
 * @param {readonly string[]} packages
 * @returns {string | undefined} what failed
 */
function install(packages) {
  const wanted = ['install', '-y', '--no-install-recommends'];
  // With lists that are there and current this is all; on a new machine they are neither.
  if (aptGet([...wanted, ...packages]) === 0) return undefined;
  const updated = aptGet(['update']);
  if (updated !== 0) return `apt-get update: exit status ${updated}`;
  if (aptGet([...wanted, ...packages]) === 0) return undefined;
  // One that this release does not have must not keep out the others.
  const refused = packages.filter((name) => aptGet([...wanted, name]) !== 0);
  return refused.length === 0 ? undefined : `apt-get install refused ${refused.join(' ')}`;
}

/** @param {readonly string[]} args */
function aptGet(args) {
  const log = openSync(LOG, 'a');
  try {
    const wait = ['-o', 'DPkg::Lock::Timeout=120', '-o', 'Acquire::Retries=3'];
    return spawnSync('apt-get', [...wait, ...args], {
      stdio: ['ignore', log, log],
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C' },
    }).status;
  } finally {
    closeSync(log);
  }
}

/**
 * The tests start the programs they need themselves, on ports of their own. A policy that is there
 * already is respected and left.
 *
 * @template T
 * @param {() => T} action
 * @returns {T}
 */
function withoutStartingServices(action) {
  if (existsSync(POLICY)) return action();
  writeFileSync(POLICY, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    return action();
  } finally {
    rmSync(POLICY, { force: true });
  }
}
