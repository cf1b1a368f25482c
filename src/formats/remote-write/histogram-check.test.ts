import { expect, test } from 'vitest';
import type { FloatHistogram } from '../../model/index.ts';
import { CUSTOM_BUCKETS_SCHEMA } from '../../model/index.ts';
import { findHistogramProblem } from './histogram-check.ts';

const GOOD: FloatHistogram = {
  counterReset: 'unknown',
  schema: 3,
  zeroThreshold: 0.001,
  zeroCount: 1,
  count: 10,
  sum: 12,
  positiveSpans: [
    { offset: -2, length: 1 },
    { offset: 3, length: 2 },
  ],
  positiveBuckets: [1, 2, 3],
  negativeSpans: [{ offset: 0, length: 1 }],
  negativeBuckets: [3],
  customValues: [],
};

const CUSTOM: FloatHistogram = {
  ...GOOD,
  schema: CUSTOM_BUCKETS_SCHEMA,
  zeroThreshold: 0,
  zeroCount: 0,
  count: 3,
  positiveSpans: [{ offset: 1, length: 2 }],
  positiveBuckets: [1, 2],
  negativeSpans: [],
  negativeBuckets: [],
  customValues: [1, 2],
};

function check(change: Partial<FloatHistogram>, want: string | undefined, exact = true): void {
  const found = findHistogramProblem({ ...GOOD, ...change }, exact);
  if (want === undefined) expect(found).toBeUndefined();
  else expect(found).toMatch(want);
}

test('histograms as they should be', () => {
  check({}, undefined);
  check({ ...CUSTOM }, undefined);
  check({ sum: NaN, count: 11 }, undefined);
  check({ count: 11 }, undefined, false);
  check(
    {
      count: 0,
      zeroCount: 0,
      positiveSpans: [],
      positiveBuckets: [],
      negativeSpans: [],
      negativeBuckets: [],
    },
    undefined,
  );
});

test('buckets and spans', () => {
  check({ schema: 9 }, 'schema 9, wanted -4 to 8 or -53');
  check({ schema: -5 }, 'schema -5');
  check({ positiveBuckets: [1, 2] }, 'positive spans cover 3 buckets, 2 being there');
  check({ negativeSpans: [] }, 'negative spans cover 0 buckets, 1 being there');
  check(
    {
      positiveSpans: [
        { offset: 0, length: 2 },
        { offset: -1, length: 1 },
      ],
    },
    'positive span 1 has offset -1',
  );
  check({ positiveBuckets: [1, 2, -3] }, 'a positive bucket counts -3');
  check({ positiveSpans: [{ offset: 0, length: 4_294_967_295 }] }, 'cover 4294967295 buckets');
  check({ customValues: [1] }, 'custom bounds with schema 3');
});

test('counts', () => {
  check({ count: 11 }, undefined);
  check({ count: 8 }, 'count 8, wanted at least 9, the sum of its buckets');
  check({ count: 8 }, undefined, false);
  check({ count: -1 }, 'count -1', false);
  check({ count: NaN }, 'count NaN', false);
  check({ zeroCount: -1 }, 'zero count -1', false);
  check({ zeroThreshold: -1 }, 'zero threshold -1');
});

test('custom buckets', () => {
  const checkCustom = (change: Partial<FloatHistogram>, want: string): void => {
    check({ ...CUSTOM, ...change }, want);
  };
  checkCustom({ zeroCount: 1 }, 'a zero bucket with custom bounds');
  checkCustom(
    { negativeSpans: [{ offset: 0, length: 1 }], negativeBuckets: [1] },
    'negative buckets',
  );
  checkCustom({ customValues: [2, 2] }, 'custom bound 2 after 2');
  checkCustom({ customValues: [1, Infinity] }, 'custom bound Infinity');
  checkCustom({ customValues: [1] }, 'bucket 2, wanted at most 1');
  checkCustom({ positiveSpans: [{ offset: -1, length: 2 }] }, 'bucket -1, wanted 0 or more');
});
