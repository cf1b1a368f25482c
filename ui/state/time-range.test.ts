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

const following = { rangeSeconds: 3600, endMs: null, stepSeconds: null, refreshSeconds: 5 };
const nowMs = 1_700_000_012_345;

test('a range that is refreshed ends on a multiple of its step', () => {
  const range = resolveRange({ ...following, nowMs });
  expect(range).toEqual({ start: 1_699_996_410, end: 1_700_000_010, step: 15 });
});

test('a range asked for once ends now: a collector of some seconds has nothing before', () => {
  const range = resolveRange({ ...following, refreshSeconds: 0, nowMs });
  expect(range).toEqual({ start: 1_699_996_412.345, end: 1_700_000_012.345, step: 15 });
});

test('long steps and fixed ends stay where they are', () => {
  const long = resolveRange({ ...following, rangeSeconds: 604_800, nowMs });
  expect(long.end).toBe(1_700_000_012.345);
  const fixed = { ...following, rangeSeconds: 60, endMs: 5500, stepSeconds: 10 };
  expect(resolveRange({ ...fixed, nowMs })).toEqual({ start: -54.5, end: 5.5, step: 10 });
});
