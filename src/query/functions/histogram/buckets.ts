import { type FloatHistogram, sideOf } from '../../../model/index.ts';
import { upperBound, usesCustomBuckets } from './bounds.ts';

/** A bucket as an interval. Positive ones are open on the left, negative ones on the right. */
export interface Bucket {
  lower: number;
  upper: number;
  readonly lowerInclusive: boolean;
  readonly upperInclusive: boolean;
  readonly count: number;
}

export function positiveBuckets(histogram: FloatHistogram): Bucket[] {
  const { indices, counts } = sideOf(histogram.positiveSpans, histogram.positiveBuckets);
  const isCustom = usesCustomBuckets(histogram);
  return indices.map((index, place) => ({
    lower: upperBound(histogram, index - 1),
    upper: upperBound(histogram, index),
    // The first custom bucket has no lower bound.
    lowerInclusive: isCustom && index === 0,
    upperInclusive: true,
    count: counts[place]!,
  }));
}

/** From the bucket nearest to zero outwards. */
export function negativeBuckets(histogram: FloatHistogram): Bucket[] {
  const { indices, counts } = sideOf(histogram.negativeSpans, histogram.negativeBuckets);
  return indices.map((index, place) => ({
    lower: -upperBound(histogram, index),
    upper: -upperBound(histogram, index - 1),
    lowerInclusive: true,
    upperInclusive: false,
    count: counts[place]!,
  }));
}

export function zeroBucket({ zeroThreshold, zeroCount }: FloatHistogram): Bucket {
  return {
    lower: -zeroThreshold,
    upper: zeroThreshold,
    lowerInclusive: true,
    upperInclusive: true,
    count: zeroCount,
  };
}

/** All buckets in ascending order; those that the zero bucket overlaps are cut at its bounds. */
export function allBuckets(histogram: FloatHistogram): Bucket[] {
  const { zeroThreshold, zeroCount } = histogram;
  const buckets = negativeBuckets(histogram).reverse();
  if (zeroCount > 0) buckets.push(zeroBucket(histogram));
  buckets.push(...positiveBuckets(histogram));
  for (const bucket of buckets) {
    if (bucket.upper < 0 && bucket.upper > -zeroThreshold) bucket.upper = -zeroThreshold;
    else if (bucket.lower > 0 && bucket.lower < zeroThreshold) bucket.lower = zeroThreshold;
  }
  return buckets;
}
