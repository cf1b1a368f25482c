import { expect, test } from 'vitest';
import { median, quantile, slope } from './statistics.ts';

test('the median is the middle, or the mean of the middle two', () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(median([4, 1, 2, 3])).toBe(2.5);
  expect(median([])).toBeNaN();
});

test('a quantile is one of the values', () => {
  const values = Array.from({ length: 200 }, (_, index) => 199 - index);
  expect(quantile(values, 0.5)).toBe(100);
  expect(quantile(values, 0.99)).toBe(198);
  expect(quantile([7], 0.99)).toBe(7);
});

test('the slope is that of the line through the points', () => {
  const line = [
    [0, 5],
    [10, 25],
    [20, 45],
  ] as const;
  expect(slope(line)).toBeCloseTo(2);
  expect(slope([[1, 1]])).toBe(0);
});
