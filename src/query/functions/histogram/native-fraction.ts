import type { FloatHistogram } from '../../../model/index.ts';
import { forMetric } from '../../annotations.ts';
import { usesCustomBuckets } from './bounds.ts';
import { allBuckets, type Bucket } from './buckets.ts';
import { fractionBelow, type HistogramOwner, oneSidedZeroBucket } from './native-quantile.ts';

/** The share of a native histogram's observations between two values. */
export function nativeFraction(
  lower: number,
  upper: number,
  histogram: FloatHistogram,
  owner: HistogramOwner,
): number {
  if (histogram.count === 0 || lower !== lower || upper !== upper) return NaN;
  if (lower >= upper) return 0;
  const buckets = allBuckets(histogram);
  let count = histogram.count;
  if (histogram.sum !== histogram.sum) {
    // NaN observations are in no bucket and between no bounds.
    count = buckets.reduce((sum, bucket) => sum + bucket.count, 0);
    if (count < histogram.count) {
      owner.annotations.info(
        'input to histogram_fraction has NaN observations, which are excluded from all ' +
          `fractions${forMetric(owner.metricName)}`,
        owner.span,
      );
    }
  }
  const rankOf = (value: number): number =>
    Math.min(rankBelow(histogram, buckets, value) ?? count, count);
  return (rankOf(upper) - rankOf(lower)) / histogram.count;
}

/** How many observations lie below a value; undefined where it lies beyond all buckets. */
function rankBelow(
  histogram: FloatHistogram,
  buckets: readonly Bucket[],
  value: number,
): number | undefined {
  const isCustom = usesCustomBuckets(histogram);
  let rank = 0;
  for (const bucket of buckets) {
    let { lower, upper } = bucket;
    const isZero = lower <= 0 && upper >= 0;
    if (isZero) ({ lower, upper } = oneSidedZeroBucket(histogram, lower, upper));
    if (lower >= value) return rank;
    if (upper > value) {
      const isLinear = isCustom || isZero;
      if (isLinear && lower === -Infinity) return bucket.count;
      return rank + bucket.count * fractionBelow({ lower, upper }, value, isLinear);
    }
    rank += bucket.count;
  }
  return undefined;
}
