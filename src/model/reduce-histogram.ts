import type { FloatHistogram } from './histogram.ts';
import { reduceSide, sideOf, spansOf } from './histogram-sides.ts';

/**
 * The histogram in a coarser schema, or itself where `schema` is not coarser. Its schema is an
 * exponential one, and its spans cover its buckets.
 */
export function reduceHistogram(histogram: FloatHistogram, schema: number): FloatHistogram {
  const { schema: own, positiveSpans, positiveBuckets } = histogram;
  if (schema >= own) return histogram;
  const positive = reduceSide(sideOf(positiveSpans, positiveBuckets), own, schema);
  const { negativeSpans, negativeBuckets } = histogram;
  const negative = reduceSide(sideOf(negativeSpans, negativeBuckets), own, schema);
  return {
    ...histogram,
    schema,
    positiveSpans: spansOf(positive.indices),
    positiveBuckets: positive.counts,
    negativeSpans: spansOf(negative.indices),
    negativeBuckets: negative.counts,
  };
}
