import { CUSTOM_BUCKETS_SCHEMA, type FloatHistogram, type Span } from '../model/index.ts';
import type {
  OpenTelemetryBuckets,
  OpenTelemetryExponentialHistogram,
  OpenTelemetryHistogram,
} from './opentelemetry-metrics.ts';

/** Schemas of exponential buckets; a finer scale is taken down to the last. */
const SCHEMA_MIN = -4;
const SCHEMA_MAX = 8;

interface Side {
  readonly spans: readonly Span[];
  readonly buckets: readonly number[];
}

/** A histogram of explicit bounds, as one of custom buckets. Undefined where bounds do not rise. */
export function customHistogram({
  buckets,
  count,
  sum,
}: OpenTelemetryHistogram): FloatHistogram | undefined {
  const { boundaries, counts } = buckets;
  const isRising = boundaries.every((bound, index) => bound > (boundaries[index - 1] ?? -Infinity));
  if (!isRising || !boundaries.every(Number.isFinite)) return undefined;
  return {
    ...{ counterReset: 'unknown', schema: CUSTOM_BUCKETS_SCHEMA, zeroThreshold: 0, zeroCount: 0 },
    ...{ count, sum: sum ?? Number.NaN },
    positiveSpans: counts.length === 0 ? [] : [{ offset: 0, length: counts.length }],
    positiveBuckets: [...counts],
    ...{ negativeSpans: [], negativeBuckets: [], customValues: [...boundaries] },
  };
}

/**
 * An exponential histogram as a native one of the same buckets, or where its scale is finer than
 * those go, of wider ones that hold them. Undefined where its scale is coarser.
 */
export function exponentialHistogram(
  histogram: OpenTelemetryExponentialHistogram,
): FloatHistogram | undefined {
  const { scale, zeroCount, count, sum, positive, negative } = histogram;
  if (scale < SCHEMA_MIN) return undefined;
  const schema = Math.min(scale, SCHEMA_MAX);
  const merged = 2 ** (scale - schema);
  const above = sideOf(positive, merged);
  const below = sideOf(negative, merged);
  return {
    ...{ counterReset: 'unknown', schema, zeroThreshold: 0, zeroCount, count },
    sum: sum ?? Number.NaN,
    positiveSpans: above.spans,
    positiveBuckets: above.buckets,
    negativeSpans: below.spans,
    negativeBuckets: below.buckets,
    customValues: [],
  };
}

/** Bucket i there is above base^i, which is bucket i + 1 here. */
function sideOf({ offset, bucketCounts }: OpenTelemetryBuckets, merged: number): Side {
  const counts = new Map<number, number>();
  for (const [at, number] of bucketCounts.entries()) {
    if (number === 0) continue;
    const index = Math.floor((offset + at) / merged) + 1;
    counts.set(index, (counts.get(index) ?? 0) + number);
  }
  const spans: { offset: number; length: number }[] = [];
  let end = 0;
  for (const index of counts.keys()) {
    const last = spans.at(-1);
    if (last !== undefined && index === end) last.length++;
    else spans.push({ offset: last === undefined ? index : index - end, length: 1 });
    end = index + 1;
  }
  return { spans, buckets: [...counts.values()] };
}
