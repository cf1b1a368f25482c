import { expect, test } from 'vitest';
import {
  compactHistogram,
  CUSTOM_BUCKETS_SCHEMA,
  type FloatHistogram,
} from '../../../model/index.ts';
import { HistogramAccumulator, IncompatibleHistogramsError } from './accumulator.ts';
import {
  addHistograms,
  equalHistograms,
  scaleHistogram,
  subtractHistograms,
} from './arithmetic.ts';
import { exponentialBound } from './bounds.ts';
import { HistogramMean } from './mean.ts';
import { isHistogramReset } from './reset.ts';
import { histogramText } from './text.ts';

function histogram(parts: Partial<FloatHistogram>): FloatHistogram {
  return {
    counterReset: 'unknown',
    schema: 0,
    zeroThreshold: 0,
    zeroCount: 0,
    count: 0,
    sum: 0,
    positiveSpans: [],
    positiveBuckets: [],
    negativeSpans: [],
    negativeBuckets: [],
    customValues: [],
    ...parts,
  };
}

/** Buckets from `offset` on, counted whole. */
function positive(offset: number, counts: readonly number[], schema = 0): FloatHistogram {
  const count = counts.reduce((sum, one) => sum + one, 0);
  const positiveSpans = [{ offset, length: counts.length }];
  return histogram({ schema, count, sum: count, positiveSpans, positiveBuckets: counts });
}

test('buckets are added by their index', () => {
  const { histogram: sum } = addHistograms(positive(0, [1, 2]), positive(3, [4]));
  expect(histogramText(sum)).toBe('{count:7, sum:7, (0.5,1]:1, (1,2]:2, (4,8]:4}');
  expect(sum.positiveSpans).toEqual([
    { offset: 0, length: 2 },
    { offset: 1, length: 1 },
  ]);
});

test('a difference that is empty compacts to nothing', () => {
  const { histogram: rest } = subtractHistograms(positive(0, [1, 2]), positive(0, [1, 2]));
  expect(compactHistogram(rest)).toEqual(histogram({}));
});

test('the coarser schema wins', () => {
  const fine = positive(1, [1, 2, 3, 4], 1);
  const { histogram: sum } = addHistograms(fine, positive(1, [10]));
  expect(sum.schema).toBe(0);
  expect(histogramText(sum)).toBe('{count:20, sum:20, (1,2]:13, (2,4]:7}');
});

test('the larger zero bucket wins, and does not cut a populated bucket', () => {
  const small = { ...positive(0, [5, 7]), zeroThreshold: 0.25, zeroCount: 1, count: 13 };
  const large = histogram({ zeroThreshold: 0.75, zeroCount: 2, count: 2, sum: 0 });
  const { histogram: sum } = addHistograms(small, large);
  expect(sum.zeroThreshold).toBe(1);
  expect(histogramText(sum)).toBe('{count:15, sum:12, [-1,1]:8, (1,2]:7}');
});

test('custom bounds are reduced to those in common', () => {
  const custom = (bounds: number[], counts: number[]): FloatHistogram => ({
    ...positive(0, counts, CUSTOM_BUCKETS_SCHEMA),
    customValues: bounds,
  });
  const one = custom([1, 2, 4], [1, 1, 1, 1]);
  const other = custom([1, 3, 4], [2, 2, 2, 2]);
  const { histogram: sum, boundsReconciled } = addHistograms(one, other);
  expect(boundsReconciled).toBe(true);
  expect(sum.customValues).toEqual([1, 4]);
  expect(sum.positiveBuckets).toEqual([3, 6, 3]);
  expect(() => addHistograms(one, positive(0, [1]))).toThrow(IncompatibleHistogramsError);
});

test('what is known of resets', () => {
  const hinted = (counterReset: FloatHistogram['counterReset']): FloatHistogram => ({
    ...positive(0, [1]),
    counterReset,
  });
  const check = (
    a: FloatHistogram['counterReset'],
    b: FloatHistogram['counterReset'],
    want: FloatHistogram['counterReset'],
    collides = false,
  ): void => {
    const { histogram: sum, resetCollision } = addHistograms(hinted(a), hinted(b));
    expect([sum.counterReset, resetCollision]).toEqual([want, collides]);
  };
  check('unknown', 'reset', 'unknown');
  check('reset', 'reset', 'reset');
  check('reset', 'not_reset', 'unknown', true);
  check('not_reset', 'gauge', 'gauge');
  check('gauge', 'reset', 'gauge');
  expect(scaleHistogram(hinted('reset'), -1).counterReset).toBe('gauge');
});

test('resets are found in counts, buckets, schema and zero bucket', () => {
  const before = positive(0, [1, 2]);
  expect(isHistogramReset(positive(0, [1, 3]), before)).toBe(false);
  expect(isHistogramReset(positive(0, [4, 1]), before)).toBe(true);
  expect(isHistogramReset(positive(0, [9]), before)).toBe(true);
  expect(isHistogramReset(positive(0, [2, 2], 1), before)).toBe(true);
  expect(isHistogramReset({ ...positive(0, [1, 3]), counterReset: 'reset' }, before)).toBe(true);
  expect(isHistogramReset({ ...positive(0, [0, 1]), counterReset: 'not_reset' }, before)).toBe(
    false,
  );
});

test('the mean of huge histograms does not overflow', () => {
  const huge = { ...positive(0, [1]), sum: Number.MAX_VALUE };
  const mean = new HistogramMean(huge);
  mean.add(huge);
  mean.add(huge);
  expect(mean.result().sum / Number.MAX_VALUE).toBeCloseTo(1, 12);
  expect(mean.result().count).toBeCloseTo(1, 12);
});

test('sums are compensated', () => {
  const total = new HistogramAccumulator({ ...positive(0, [1]), sum: 1 });
  for (const sum of [1e100, 1, -1e100]) total.add({ ...positive(0, [1]), sum });
  expect(total.result().sum).toBe(2);
});

test('equality looks at layout and bits', () => {
  expect(equalHistograms(positive(0, [1, 2]), positive(0, [1, 2]))).toBe(true);
  expect(equalHistograms(positive(0, [1, 2]), positive(1, [1, 2]))).toBe(false);
  const nan = { ...positive(0, [1]), sum: NaN };
  expect(equalHistograms(nan, { ...nan })).toBe(true);
});

test('bounds of exponential buckets', () => {
  expect(exponentialBound(0, 3)).toBe(1);
  expect(exponentialBound(8, 3)).toBe(2);
  expect(exponentialBound(-3, 3)).toBe(0.7711054127039704);
  expect(exponentialBound(-1, -1)).toBe(0.25);
  expect(exponentialBound(1024, 0)).toBe(Number.MAX_VALUE);
  expect(exponentialBound(1025, 0)).toBe(Infinity);
  expect(exponentialBound(-1074, 0)).toBe(5e-324);
});
