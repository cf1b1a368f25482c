import { expect, test } from 'vitest';
import { chooseStep, resolveRange } from './time-range.ts';

test.each([
  [60, 1],
  [300, 1],
  [900, 5],
  [3600, 15],
  [21_600, 120],
  [86_400, 300],
  [604_800, 3600],
  [365 * 86_400, 172_800],
])('a range of %d s is drawn every %d s', (range, step) => {
  expect(chooseStep(range)).toBe(step);
});

test('a range that follows the clock ends on a multiple of its step', () => {
  const range = { rangeSeconds: 3600, endMs: null, stepSeconds: null, nowMs: 1_700_000_012_345 };
  expect(resolveRange(range)).toEqual({ start: 1_699_996_410, end: 1_700_000_010, step: 15 });
});

test('long steps and fixed ends stay where they are', () => {
  const nowMs = 1_700_000_012_345;
  const long = resolveRange({ rangeSeconds: 604_800, endMs: null, stepSeconds: null, nowMs });
  expect(long.end).toBe(1_700_000_012.345);
  const fixed = resolveRange({ rangeSeconds: 60, endMs: 5500, stepSeconds: 10, nowMs });
  expect(fixed).toEqual({ start: -54.5, end: 5.5, step: 10 });
});
