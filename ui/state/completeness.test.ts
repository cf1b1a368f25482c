import { expect, test } from 'vitest';
import { formatShare, termRows } from './completeness.ts';

const NONE = {
  ...{ scheduled: 0, stored: 0, suppressed: 0, shed: 0, failed: 0, rejected: 0 },
  ...{ missing: 0, degraded: 0, lost: 0, down: 0, inFlight: 0 },
};

test('terms that are nothing are left out, but for what was wanted and what is stored', () => {
  expect(termRows(NONE).map(({ title }) => title)).toEqual(['Wanted', 'Stored']);
  const rows = termRows({ ...NONE, scheduled: 12, stored: 7, lost: 3, missing: 2 });
  expect(rows.map(({ title, count, isBad }) => [title, count, isBad])).toEqual([
    ['Wanted', 12, false],
    ['Stored', 7, false],
    ['Missing', 2, false],
    ['Lost', 3, true],
  ]);
});

test('a share is never rounded up to all', () => {
  expect(formatShare(1)).toBe('100 %');
  expect(formatShare(0.999_999_9)).toBe('99.999 %');
  expect(formatShare(0.5)).toBe('50.000 %');
  expect(formatShare(0)).toBe('0.000 %');
});
