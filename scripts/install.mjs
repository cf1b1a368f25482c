// Installs the locked npm dependencies when they are missing or stale. Uses Node alone.

import { spawnSync } from 'node:child_process';
import { dependenciesInstalled } from './freshness.mjs';

/**
 * Makes sure that `node_modules` holds what the lock asks for; quick when it does already.
 * Throws an Error with the end of npm's output when the install fails.
 *
 * @param {string} root the checkout
 * @param {(line: string) => void} say
 */
export function ensureDependencies(root, say) {
  if (dependenciesInstalled(root)) return;
  say('installing the locked dependencies (npm ci) ...');
  // Development packages too: the bundler is one. The variable would leave them out.
  const result = spawnSync('npm', ['ci', '--include=dev', '--no-audit', '--no-fund'], {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  if (result.status === 0) return;
  const cause = result.error?.message ?? `exit status ${result.status ?? result.signal}`;
  const tail = `${result.stdout ?? ''}${result.stderr ?? ''}`.trimEnd().split('\n').slice(-20);
  throw new Error(`npm ci failed: ${cause}\n${tail.join('\n')}`);
}
