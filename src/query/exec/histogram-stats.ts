import type { FloatHistogram } from '../../model/index.ts';
import { isHistogramReset } from '../functions/histogram/reset.ts';
import type { HistogramSample } from '../../storage/api.ts';

/**
 * The histograms without their buckets, for queries that look at count and sum alone. What the
 * buckets tell of resets is written into the histograms before they are dropped.
 */
export function withoutBuckets(samples: readonly HistogramSample[]): HistogramSample[] {
  let before: FloatHistogram | undefined;
  return samples.map((sample) => {
    const { histogram } = sample;
    if (histogram === undefined) return sample;
    const counterReset = hintOf(histogram, before);
    before = { ...histogram, counterReset };
    const { schema, count, sum } = histogram;
    return { ...sample, histogram: { ...NO_BUCKETS, counterReset, schema, count, sum } };
  });
}

const NO_BUCKETS = {
  zeroThreshold: 0,
  zeroCount: 0,
  positiveSpans: [],
  positiveBuckets: [],
  negativeSpans: [],
  negativeBuckets: [],
  customValues: [],
};

function hintOf(
  histogram: FloatHistogram,
  before: FloatHistogram | undefined,
): FloatHistogram['counterReset'] {
  if (histogram.counterReset !== 'unknown' || before === undefined) return histogram.counterReset;
  return isHistogramReset(histogram, before) ? 'reset' : 'not_reset';
}
