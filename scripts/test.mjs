// `npm test [-- STEP...]`: installs what the tests need, then runs every step, or those named, and
// ends with the line `N passed, N failed, N skipped`. Exit status 1 when anything failed, 2 on an
// unknown step.

import { fileURLToPath } from 'node:url';
import { ensureDebianPackages, TEST_PACKAGES } from './debian.mjs';
import { ensureDependencies } from './install.mjs';
import { addTotals, noTotals, refuseSkipped, reportLines } from './test-report.mjs';
import { runStep, STEPS } from './test-steps.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));

/** @param {string} line */
function say(line) {
  console.log(`-- ${line}`);
}

/** @param {readonly string[]} names */
function chooseSteps(names) {
  const unknown = names.filter((name) => !STEPS.some((step) => step.name === name));
  if (unknown.length > 0) {
    const known = STEPS.map((step) => step.name).join(', ');
    console.error(`no such test step: ${unknown.join(', ')}; want some of ${known}`);
    process.exit(2);
  }
  return names.length === 0 ? STEPS : STEPS.filter((step) => names.includes(step.name));
}

async function main() {
  const steps = chooseSteps(process.argv.slice(2));
  ensureDependencies(root, say);
  if (steps.some((step) => step.needsPrograms)) ensureDebianPackages(TEST_PACKAGES, say);
  let totals = noTotals();
  for (const step of steps) totals = addTotals(totals, await runStep(step, root));
  if (process.env['CI'] === 'true') totals = refuseSkipped(totals);
  console.log(`\n${reportLines(totals).join('\n')}`);
  process.exitCode = totals.failed > 0 ? 1 : 0;
}

try {
  await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  console.log('0 passed, 1 failed, 0 skipped');
  process.exitCode = 1;
}
