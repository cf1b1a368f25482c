import { expect, test } from 'vitest';
import { KahanSum } from './kahan.ts';
import { compareNatural } from './natural-order.ts';
import { quantileOf } from './quantile.ts';

test('quantiles are interpolated between ranks, NaN lowest', () => {
  const check = (phi: number, values: number[], want: number): void =>
    expect(quantileOf(phi, Float64Array.from(values), values.length)).toBe(want);
  check(0.5, [3, 1, 2], 2);
  check(0.5, [4, 1, 2, 3], 2.5);
  check(0, [3, 1, 2], 1);
  check(1, [3, 1, 2], 3);
  check(-0.1, [1], -Infinity);
  check(1.1, [1], Infinity);
  check(NaN, [1], NaN);
  check(0.5, [], NaN);
  check(0, [1, NaN], NaN);
  check(1, [NaN, 7, NaN], 7);
  check(0.5, [-0, 0, -Infinity, Infinity], 0);
});

test('only the first values count', () => {
  expect(quantileOf(1, Float64Array.of(1, 2, 99), 2)).toBe(2);
});

test('compensated sums keep what rounding loses', () => {
  const sum = new KahanSum();
  for (const term of [1, 1e100, 1, -1e100]) sum.add(term);
  expect(sum.total).toBe(2);
  sum.reset(5);
  sum.add(Infinity);
  expect(sum.total).toBe(Infinity);
});

test('digits in texts are ordered as numbers', () => {
  const sorted = ['cpu10', 'cpu2', 'cpu02', 'cpu', 'b', ''].toSorted(compareNatural);
  expect(sorted).toEqual(['', 'b', 'cpu', 'cpu02', 'cpu2', 'cpu10']);
  expect(compareNatural('x', 'x')).toBe(0);
});
