// Counts test results and puts them into words.

import { relative } from 'node:path';

/**
 * @typedef {object} Totals
 * @property {number} passed
 * @property {number} failed
 * @property {number} skipped
 * @property {readonly string[]} failures one line for each
 * @property {readonly string[]} skips the full name of each skipped test, with its reason
 */

/** @returns {Totals} */
export function noTotals() {
  return { passed: 0, failed: 0, skipped: 0, failures: [], skips: [] };
}

/**
 * @param {Totals} a
 * @param {Totals} b
 * @returns {Totals}
 */
export function addTotals(a, b) {
  return {
    passed: a.passed + b.passed,
    failed: a.failed + b.failed,
    skipped: a.skipped + b.skipped,
    failures: [...a.failures, ...b.failures],
    skips: [...a.skips, ...b.skips],
  };
}

/**
 * Counts the report of Vitest's JSON reporter. A file that could not be loaded counts as one
 * failure, and so does a run that failed without a failed test (an error outside of any).
 *
 * @param {string} project
 * @param {number} status Vitest's exit status
 * @param {string | undefined} report the report's text, undefined when there is none
 * @param {string} root the checkout, for short file names
 * @returns {Totals}
 */
export function countVitest(project, status, report, root) {
  let totals = noTotals();
  for (const file of report === undefined ? [] : JSON.parse(report).testResults) {
    totals = addTotals(totals, countFile(file, relative(root, file.name)));
  }
  if (status !== 0 && totals.failed === 0) {
    const failure = `${project}: exit status ${status}, see its output above`;
    totals = addTotals(totals, { ...noTotals(), failed: 1, failures: [failure] });
  }
  return totals;
}

/**
 * @param {{ status: string, message?: string,
 *   assertionResults: { status: string, fullName: string, failureMessages?: string[] }[] }} file
 * @param {string} name
 * @returns {Totals}
 */
function countFile(file, name) {
  /** @param {string} status */
  const those = (status) => file.assertionResults.filter((test) => test.status === status);
  const failed = those('failed');
  const skipped = file.assertionResults.filter(
    (test) => test.status !== 'passed' && test.status !== 'failed',
  );
  const failures = failed.map(
    (test) => `${name}: ${test.fullName}: ${firstLine(test.failureMessages?.[0])}`,
  );
  if (file.status === 'failed' && failed.length === 0) {
    failures.push(`${name}: ${firstLine(file.message)}`);
  }
  return {
    passed: those('passed').length,
    failed: failures.length,
    skipped: skipped.length,
    failures,
    skips: skipped.map((test) => `${name}: ${test.fullName}`),
  };
}

/** @param {string | undefined} text */
function firstLine(text) {
  return (text ?? '').split('\n', 1)[0] ?? '';
}

/** How `test/support/requirements.ts` names a skip for want of the conformance folder. */
const CONFORMANCE_ROOT_ABSENT = 'needs the conformance data folder';

/**
 * The rule of the project's own checks: nothing is skipped. Every skip becomes a failure, but for
 * conformance data on a machine that has none at all.
 *
 * @param {Totals} totals
 * @returns {Totals}
 */
export function refuseSkipped(totals) {
  const allowed = totals.skips.filter((name) => name.includes(CONFORMANCE_ROOT_ABSENT));
  const refused = totals.skips.filter((name) => !name.includes(CONFORMANCE_ROOT_ABSENT));
  return {
    ...totals,
    failed: totals.failed + refused.length,
    skipped: allowed.length,
    failures: [
      ...totals.failures,
      ...refused.map((name) => `skipped, but CI skips nothing: ${name}`),
    ],
    skips: allowed,
  };
}

/**
 * Failures, skips, and the closing line alone at the end.
 *
 * @param {Totals} totals
 * @returns {string[]}
 */
export function reportLines(totals) {
  return [
    ...totals.failures.map((line) => `failed: ${line}`),
    ...totals.skips.map((line) => `skipped: ${line}`),
    `${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped`,
  ];
}
