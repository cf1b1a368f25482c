import { describe, expect, test } from 'vitest';
import {
  addTotals,
  countVitest,
  noTotals,
  refuseSkipped,
  reportLines,
} from '../../scripts/test-report.mjs';

interface FakeTest {
  status: string;
  fullName: string;
  failureMessages?: string[];
}

function report(status: string, tests: FakeTest[], message = ''): string {
  return JSON.stringify({
    testResults: [{ name: '/checkout/src/a.test.ts', status, message, assertionResults: tests }],
  });
}

const PASSED = { status: 'passed', fullName: 'adds' };
const FAILED = { status: 'failed', fullName: 'divides', failureMessages: ['want 2\nat line 1'] };
const SKIPPED = { status: 'skipped', fullName: 'scrapes [skipped: needs the command x]' };

describe('a Vitest report', () => {
  test('is counted by test, naming failures and skips', () => {
    const text = report('failed', [PASSED, PASSED, FAILED, SKIPPED]);
    expect(countVitest('unit', 1, text, '/checkout')).toEqual({
      passed: 2,
      failed: 1,
      skipped: 1,
      failures: ['src/a.test.ts: divides: want 2'],
      skips: ['src/a.test.ts: scrapes [skipped: needs the command x]'],
    });
  });

  test('counts pending and todo as skipped', () => {
    const text = report('passed', [
      PASSED,
      { ...SKIPPED, status: 'pending' },
      { ...SKIPPED, status: 'todo' },
    ]);
    expect(countVitest('unit', 0, text, '/checkout')).toMatchObject({ passed: 1, skipped: 2 });
  });

  test('counts a file that did not load as a failure', () => {
    const text = report('failed', [], 'Cannot find module\nstack');
    const totals = countVitest('unit', 1, text, '/checkout');
    expect(totals.failures).toEqual(['src/a.test.ts: Cannot find module']);
    expect(totals.failed).toBe(1);
  });

  test('counts an error outside of any test as a failure', () => {
    expect(countVitest('unit', 1, report('passed', [PASSED]), '/')).toMatchObject({
      passed: 1,
      failed: 1,
    });
  });

  test('counts a run without a report as a failure', () => {
    expect(countVitest('unit', 1, undefined, '/')).toMatchObject({ passed: 0, failed: 1 });
  });
});

test('totals add up', () => {
  const one = { passed: 1, failed: 2, skipped: 3, failures: ['a'], skips: ['b'] };
  const two = { passed: 10, failed: 20, skipped: 30, failures: ['c'], skips: ['d'] };
  expect(addTotals(one, two)).toEqual({
    passed: 11,
    failed: 22,
    skipped: 33,
    failures: ['a', 'c'],
    skips: ['b', 'd'],
  });
});

test('in CI a skip is a failure, but for absent conformance data', () => {
  const absent = 'b [skipped: needs the conformance data folder]';
  const skips = ['a [skipped: needs the command x]', absent];
  const totals = refuseSkipped({ ...noTotals(), passed: 5, skipped: 2, skips });
  expect(totals).toMatchObject({ passed: 5, failed: 1, skipped: 1, skips: [absent] });
  expect(totals.failures).toEqual([
    'skipped, but CI skips nothing: a [skipped: needs the command x]',
  ]);
});

test('the closing line stands alone at the end', () => {
  const lines = reportLines({ passed: 3, failed: 1, skipped: 1, failures: ['x'], skips: ['y'] });
  expect(lines).toEqual(['failed: x', 'skipped: y', '3 passed, 1 failed, 1 skipped']);
});
