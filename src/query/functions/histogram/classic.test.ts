import { expect, test } from 'vitest';
import { classicFraction, classicQuantile } from './classic.ts';

type Pairs = readonly (readonly [upperBound: number, count: number])[];

const LATENCY: Pairs = [
  [1, 10],
  [2, 30],
  [4, 40],
  [Infinity, 50],
];

function bucketsOf(pairs: Pairs) {
  return pairs.map(([upperBound, count]) => ({ upperBound, count }));
}

function checkQuantile(phi: number, pairs: Pairs, want: number): void {
  expect(classicQuantile(phi, bucketsOf(pairs)).value, `${phi}`).toBe(want);
}

test('quantiles are interpolated in their bucket', () => {
  checkQuantile(0.1, LATENCY, 0.5);
  checkQuantile(0.4, LATENCY, 1.5);
  checkQuantile(0.7, LATENCY, 3);
  checkQuantile(0.9, LATENCY, 4);
  checkQuantile(-1, LATENCY, -Infinity);
  checkQuantile(2, LATENCY, Infinity);
  checkQuantile(NaN, LATENCY, NaN);
});

test('what has no answer is NaN', () => {
  checkQuantile(0.5, [[1, 10]], NaN);
  checkQuantile(0.5, [[Infinity, 10]], NaN);
  checkQuantile(0.5, bucketPairs(0), NaN);
});

function bucketPairs(count: number): Pairs {
  return [
    [1, count],
    [Infinity, count],
  ];
}

test('a first bucket that ends at or below zero answers with its bound', () => {
  const pairs: Pairs = [
    [-1, 10],
    [0, 10],
    [Infinity, 10],
  ];
  checkQuantile(0.5, pairs, -1);
});

test('equal bounds are added up, counts made monotonic, and that told unless it is rounding', () => {
  const doubled: Pairs = [...LATENCY, [1, 10]];
  expect(classicQuantile(0.2, bucketsOf(doubled))).toEqual({ value: 0.5, forced: undefined });
  const falling: Pairs = [
    [1, 10],
    [2, 8],
    [4, 20],
    [Infinity, 15],
  ];
  const { value, forced } = classicQuantile(0.75, bucketsOf(falling));
  expect(value).toBe(3);
  expect(forced).toEqual({ minBucket: 2, maxBucket: Infinity, maxDiff: 5 });
  const rounded: Pairs = [
    [1, 10],
    [2, 10 - 1e-13],
    [Infinity, 20],
  ];
  expect(classicQuantile(0.5, bucketsOf(rounded)).forced).toBeUndefined();
});

test('fractions between two values', () => {
  const check = (lower: number, upper: number, want: number): void =>
    expect(classicFraction(lower, upper, bucketsOf(LATENCY))).toBe(want);
  check(0, 1, 0.2);
  check(0.5, 1.5, 0.3);
  check(-Infinity, Infinity, 1);
  check(2, 2, 0);
  check(3, 2, 0);
  check(NaN, 1, NaN);
  check(4, Infinity, 0.2);
});
