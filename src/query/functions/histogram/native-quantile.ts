import type { FloatHistogram } from '../../../model/index.ts';
import type { Annotations } from '../../annotations.ts';
import { forMetric } from '../../annotations.ts';
import type { Span } from '../../ast.ts';
import { usesCustomBuckets } from './bounds.ts';
import { allBuckets, type Bucket } from './buckets.ts';

/** Whose quantile it is, for annotations. */
export interface HistogramOwner {
  readonly metricName: string;
  readonly span: Span;
  readonly annotations: Annotations;
}

/** The phi-quantile of a native histogram, interpolated within its bucket. */
export function nativeQuantile(
  phi: number,
  histogram: FloatHistogram,
  owner: HistogramOwner,
): number {
  if (phi < 0) return -Infinity;
  if (phi > 1) return Infinity;
  if (histogram.count === 0 || phi !== phi) return NaN;
  // NaN observations are in no bucket: they count as greater than all others.
  const hasNan = histogram.sum !== histogram.sum;
  const fromBelow = hasNan || phi < 0.5;
  const buckets = allBuckets(histogram);
  if (!fromBelow) buckets.reverse();
  const wanted = (fromBelow ? phi : 1 - phi) * histogram.count;
  let count = 0;
  let bucket: Bucket = {
    lower: 0,
    upper: 0,
    lowerInclusive: false,
    upperInclusive: false,
    count: 0,
  };
  let at = 0;
  for (; at < buckets.length; at++) {
    const next = buckets[at]!;
    if (next.count === 0) continue;
    bucket = next;
    count += next.count;
    if (count >= wanted) break;
  }
  const { lower, upper, bound } = interpolationBounds(histogram, bucket);
  if (bound !== undefined) return bound;
  count = Math.min(count, histogram.count);
  if (count < wanted) {
    if (!hasNan) return upper;
    nanInfo(owner, 'result is NaN');
    return NaN;
  }
  const rank = fromBelow ? wanted - (count - bucket.count) : count - wanted;
  if (hasNan) {
    for (const rest of buckets.slice(at + 1)) count += rest.count;
    if (count < histogram.count) nanInfo(owner, 'result is skewed higher');
  }
  return interpolate(histogram, { lower, upper }, rank / bucket.count);
}

function nanInfo({ annotations, metricName, span }: HistogramOwner, consequence: string): void {
  annotations.info(
    `input to histogram_quantile has NaN observations, ${consequence}${forMetric(metricName)}`,
    span,
  );
}

/** The bounds to interpolate between, or the answer where there is nothing to interpolate. */
function interpolationBounds(
  histogram: FloatHistogram,
  { lower, upper }: Bucket,
): { lower: number; upper: number; bound: number | undefined } {
  if (usesCustomBuckets(histogram)) {
    if (lower === -Infinity) {
      return upper <= 0 ? { lower, upper, bound: upper } : { lower: 0, upper, bound: undefined };
    }
    return { lower, upper, bound: upper === Infinity ? lower : undefined };
  }
  if (lower < 0 && upper > 0) {
    return { ...oneSidedZeroBucket(histogram, lower, upper), bound: undefined };
  }
  return { lower, upper, bound: undefined };
}

/** Where buckets of one sign only are populated, the zero bucket holds that sign only. */
export function oneSidedZeroBucket(
  { positiveBuckets, negativeBuckets }: FloatHistogram,
  lower: number,
  upper: number,
): { lower: number; upper: number } {
  if (negativeBuckets.length === 0 && positiveBuckets.length > 0) return { lower: 0, upper };
  if (positiveBuckets.length === 0 && negativeBuckets.length > 0) return { lower, upper: 0 };
  return { lower, upper };
}

function interpolate(
  histogram: FloatHistogram,
  { lower, upper }: { lower: number; upper: number },
  fraction: number,
): number {
  if (usesCustomBuckets(histogram) || (lower <= 0 && upper >= 0)) {
    return lower + (upper - lower) * fraction;
  }
  const logLower = Math.log2(Math.abs(lower));
  const logUpper = Math.log2(Math.abs(upper));
  if (lower > 0) return 2 ** (logLower + (logUpper - logLower) * fraction);
  return -(2 ** (logUpper + (logLower - logUpper) * (1 - fraction)));
}

/** The share of a bucket that lies below `value`, on a linear or an exponential scale. */
export function fractionBelow(
  { lower, upper }: Pick<Bucket, 'lower' | 'upper'>,
  value: number,
  isLinear: boolean,
): number {
  if (isLinear) return (value - lower) / (upper - lower);
  const logLower = Math.log2(Math.abs(lower));
  const logUpper = Math.log2(Math.abs(upper));
  const logValue = Math.log2(Math.abs(value));
  if (value > 0) return (logValue - logLower) / (logUpper - logLower);
  return 1 - (logValue - logUpper) / (logLower - logUpper);
}
