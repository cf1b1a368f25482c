// The steps of `npm test`, in order.

import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { countVitest, noTotals } from './test-report.mjs';

/**
 * @typedef {object} Step
 * @property {string} name as chosen on the command line
 * @property {string} title
 * @property {readonly string[]} commands run one after the other, each the path of a script below
 *   the checkout and its arguments; the step counts as one test. Empty for a Vitest project.
 * @property {string} [project] the Vitest project whose tests the step runs and counts
 * @property {boolean} [needsPrograms] talks to programs from Debian packages
 */

const TSC = 'node_modules/typescript/bin/tsc';
const VITEST = 'node_modules/vitest/vitest.mjs';

/** @type {readonly Step[]} */
export const STEPS = [
  { name: 'format', title: 'format', commands: ['node_modules/@biomejs/biome/bin/biome format .'] },
  {
    name: 'lint',
    title: 'lint',
    commands: ['node_modules/oxlint/bin/oxlint --type-aware --deny-warnings'],
  },
  { name: 'types', title: 'types', commands: [`${TSC} -p tsconfig.json`, `${TSC} -p ui`] },
  { name: 'build', title: 'build', commands: ['scripts/build-command.mjs'] },
  {
    name: 'unit',
    title: 'unit, property, contract and tidy tests',
    commands: [],
    project: 'unit',
  },
  {
    name: 'conformance',
    title: 'conformance tests',
    commands: [],
    project: 'conformance',
  },
  {
    name: 'e2e',
    title: 'end-to-end tests',
    commands: [],
    project: 'e2e',
    needsPrograms: true,
  },
  {
    name: 'browser',
    title: 'browser tests',
    commands: [],
    project: 'browser',
    needsPrograms: true,
  },
];

/**
 * Runs one step with its output passed through, and counts it.
 *
 * @param {Step} step
 * @param {string} root the checkout
 * @returns {Promise<import('./test-report.mjs').Totals>}
 */
export async function runStep(step, root) {
  console.log(`\n== ${step.title}`);
  const begin = performance.now();
  const totals =
    step.project === undefined
      ? await runCommands(step, root)
      : await runVitest(step.project, root);
  const seconds = ((performance.now() - begin) / 1000).toFixed(1);
  const verdict = totals.failed === 0 ? 'ok' : 'FAILED';
  console.log(`== ${step.title}: ${verdict}, ${seconds} s`);
  return totals;
}

/**
 * @param {Step} step
 * @param {string} root
 */
async function runCommands(step, root) {
  let failed = false;
  for (const command of step.commands) {
    const status = await runNode(command.split(' '), root);
    if (status !== 0) failed = true;
  }
  if (!failed) return { ...noTotals(), passed: 1 };
  return { ...noTotals(), failed: 1, failures: [`${step.name}: see its output above`] };
}

/**
 * @param {string} project
 * @param {string} root
 */
async function runVitest(project, root) {
  const folder = mkdtempSync(join(tmpdir(), 'tidegauge-test-'));
  const report = join(folder, 'report.json');
  try {
    const options = ['--passWithNoTests', '--reporter=default', '--reporter=json'];
    const status = await runNode(
      [VITEST, 'run', '--project', project, ...options, `--outputFile.json=${report}`],
      root,
    );
    const text = existsSync(report) ? readFileSync(report, 'utf8') : undefined;
    return countVitest(project, status, text, root);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * Runs a script with this Node. SIGINT and SIGTERM are passed on, so that no test is left behind.
 *
 * @param {readonly string[]} args
 * @param {string} cwd
 * @returns {Promise<number>} its exit status
 */
function runNode(args, cwd) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { cwd, stdio: ['ignore', 'inherit', 'inherit'] });
    /** @param {NodeJS.Signals} signal */
    const passOn = (signal) => {
      child.kill(signal);
      process.exitCode = 128 + constants.signals[signal];
    };
    process.on('SIGINT', passOn).on('SIGTERM', passOn);
    child.once('error', reject);
    child.once('close', (code) => {
      process.off('SIGINT', passOn).off('SIGTERM', passOn);
      resolve(code ?? 1);
    });
  });
}
