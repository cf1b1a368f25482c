// Installs the locked npm dependencies when they are missing or stale. Uses Node alone.

import { spawnSync } from 'node:child_process';
import { dependenciesInstalled } from './freshness.mjs';

/** npm says first what was wrong, then much else. */
const OUTPUT_LINES_MAX = 20;

/**
 * Makes sure that `node_modules` holds what the lock asks for; quick when it does already.
 * Throws an Error with the end of npm's output when the install fails.
 *
 * @param {string} root the checkout
 * @param {(line: string) => void} say
 */
export function ensureDependencies(root, say) {
  if (dependenciesInstalled(root)) return;
  say('installing the locked dependencies ...');
  // Not `npm ci`: it wants every platform's optional packages in the lock, and a lock written where
  // a registry lacks some of them never has these. This installs what is locked and writes no lock.
  // Development packages too, whatever NODE_ENV says: the bundler is one.
  const options = ['--no-save', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'];
  const result = spawnSync('npm', ['install', ...options], {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  if (result.status === 0) return;
  const cause = result.error?.message ?? `exit status ${result.status ?? result.signal}`;
  const lines = `${result.stdout ?? ''}${result.stderr ?? ''}`.trimEnd().split('\n');
  throw new Error(`npm install failed: ${cause}\n${lines.slice(0, OUTPUT_LINES_MAX).join('\n')}`);
}
