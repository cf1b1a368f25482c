import type { FloatHistogram, Span } from '../../../src/model/index.ts';

/** Counts by bucket index, the plainest form of a histogram's buckets. */
export type Buckets = ReadonlyMap<number, number>;

/** The buckets of one side, without empty ones unless asked for. */
export function bucketsOf(
  spans: readonly Span[],
  counts: readonly number[],
  { withEmpty = false } = {},
): Map<number, number> {
  const buckets = new Map<number, number>();
  let index = 0;
  let at = 0;
  for (const { offset, length } of spans) {
    index += offset;
    for (let count = 0; count < length; count++, index++, at++) {
      const value = counts[at] ?? 0;
      if (withEmpty || value !== 0) buckets.set(index, value);
    }
  }
  return buckets;
}

export function positiveBucketsOf(histogram: FloatHistogram): Map<number, number> {
  return bucketsOf(histogram.positiveSpans, histogram.positiveBuckets);
}

export function negativeBucketsOf(histogram: FloatHistogram): Map<number, number> {
  return bucketsOf(histogram.negativeSpans, histogram.negativeBuckets);
}

/** Spans and counts of buckets, in order of their index. */
export function spansOf(buckets: Buckets): { spans: readonly Span[]; counts: readonly number[] } {
  const spans: { offset: number; length: number }[] = [];
  const counts: number[] = [];
  let next = 0;
  for (const [index, count] of [...buckets].sort(([a], [b]) => a - b)) {
    const last = spans.at(-1);
    if (last !== undefined && index === next) last.length++;
    else spans.push({ offset: index - next, length: 1 });
    counts.push(count);
    next = index + 1;
  }
  return { spans, counts };
}
