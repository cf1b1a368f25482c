import type { FloatHistogram } from '../../src/model/index.ts';

/** A native histogram for tests that need any. */
export const SMALL_HISTOGRAM: FloatHistogram = {
  counterReset: 'unknown',
  schema: 0,
  zeroThreshold: 0.001,
  zeroCount: 1,
  count: 3,
  sum: 5,
  positiveSpans: [{ offset: 0, length: 1 }],
  positiveBuckets: [2],
  negativeSpans: [],
  negativeBuckets: [],
  customValues: [],
};
