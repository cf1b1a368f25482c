import { compactHistogram, type FloatHistogram } from '../../../model/index.ts';
import { usesCustomBuckets } from './bounds.ts';
import { type Bucket, negativeBuckets, positiveBuckets, zeroBucket } from './buckets.ts';
import { fractionBelow } from './native-quantile.ts';

export type TrimKind = 'keep_below' | 'keep_above';

/** What is left of a bucket, and where its observations are taken to lie. */
interface Kept {
  readonly count: number;
  readonly midpoint: number;
}

/**
 * Removes the observations above (or below) a value, dividing the bucket that holds it. Count and
 * sum are then estimated from the buckets; an untouched histogram stays as it is.
 */
export function trimHistogram(
  histogram: FloatHistogram,
  value: number,
  kind: TrimKind,
): FloatHistogram {
  const isCustom = usesCustomBuckets(histogram);
  const trimSide = (buckets: readonly Bucket[], isPositive: boolean): Kept[] =>
    buckets.map((bucket) => trimBucket(bucket, value, kind, { isPositive, isCustom }));
  const positive = trimSide(positiveBuckets(histogram), true);
  const negative = trimSide(negativeBuckets(histogram), false);
  const zero =
    histogram.zeroCount > 0 ? trimZeroBucket(histogram, value, kind) : { count: 0, midpoint: 0 };
  const changed =
    (histogram.zeroCount > 0 && zero.count !== histogram.zeroCount) ||
    positive.some(({ count }, place) => count !== histogram.positiveBuckets[place]) ||
    negative.some(({ count }, place) => count !== histogram.negativeBuckets[place]);
  if (!changed) return histogram;
  const kept = [...positive, ...negative, zero];
  return compactHistogram({
    ...histogram,
    zeroCount: histogram.zeroCount > 0 ? zero.count : histogram.zeroCount,
    positiveBuckets: positive.map(({ count }) => count),
    negativeBuckets: negative.map(({ count }) => count),
    count: kept.reduce((sum, { count }) => sum + count, 0),
    sum: kept.reduce((sum, { count, midpoint }) => sum + midpoint * count, 0),
  });
}

interface BucketKind {
  readonly isPositive: boolean;
  readonly isCustom: boolean;
}

function trimBucket(bucket: Bucket, value: number, kind: TrimKind, of: BucketKind): Kept {
  const { lower, upper, count } = bucket;
  if (count === 0) return { count, midpoint: 0 };
  const keepBelow = kind === 'keep_below';
  if (keepBelow ? upper <= value : lower >= value) {
    return { count, midpoint: midpointOf(lower, upper, of) };
  }
  if (keepBelow ? lower >= value : upper <= value) return { count: 0, midpoint: 0 };
  if (lower === -Infinity || upper === Infinity) return trimOpenBucket(bucket, value, keepBelow);
  const below = count * fractionBelow(bucket, value, of.isCustom);
  return keepBelow
    ? { count: below, midpoint: midpointOf(lower, value, of) }
    : { count: count - below, midpoint: midpointOf(value, upper, of) };
}

/** Of a bucket without lower or upper bound, which the value lies inside of. */
function trimOpenBucket({ lower, upper, count }: Bucket, value: number, keepBelow: boolean): Kept {
  const finiteOrZero = (bound: number): number => (Number.isFinite(bound) ? bound : 0);
  if (lower === -Infinity) {
    const isDivisible = upper > 0 && upper !== Infinity;
    if (keepBelow) {
      // A bucket up to a positive bound is taken to begin at zero.
      if (value > 0 && isDivisible) return { count: (count * value) / upper, midpoint: value / 2 };
      if (upper <= 0) return { count, midpoint: value };
    } else if (value >= 0 && isDivisible) {
      return { count: count * (1 - value / upper), midpoint: (value + upper) / 2 };
    }
    return { count: 0, midpoint: finiteOrZero(upper) };
  }
  if (keepBelow) return { count: 0, midpoint: finiteOrZero(lower) };
  return { count, midpoint: value };
}

function trimZeroBucket(histogram: FloatHistogram, value: number, kind: TrimKind): Kept {
  const hasPositive = histogram.positiveBuckets.some((count) => count !== 0);
  const hasNegative = histogram.negativeBuckets.some((count) => count !== 0);
  const { count, ...bounds } = zeroBucket(histogram);
  const lower = hasPositive && !hasNegative ? 0 : bounds.lower;
  const upper = hasNegative && !hasPositive ? 0 : bounds.upper;
  const keepBelow = kind === 'keep_below';
  const whole = { count, midpoint: (lower + upper) / 2 };
  const nothing = { count: 0, midpoint: 0 };
  if (value <= lower) return keepBelow ? nothing : whole;
  if (value >= upper) return keepBelow ? whole : nothing;
  return keepBelow
    ? { count: count * ((value - lower) / (upper - lower)), midpoint: (lower + value) / 2 }
    : { count: count * ((upper - value) / (upper - lower)), midpoint: (value + upper) / 2 };
}

function midpointOf(lower: number, upper: number, { isPositive, isCustom }: BucketKind): number {
  if (!Number.isFinite(lower)) {
    if (!Number.isFinite(upper)) return 0;
    return upper > 0 ? upper / 2 : upper;
  }
  if (!Number.isFinite(upper)) return lower;
  if (isCustom) return (lower + upper) / 2;
  const geometric = Math.sqrt(Math.abs(lower * upper));
  return isPositive ? geometric : -geometric;
}
