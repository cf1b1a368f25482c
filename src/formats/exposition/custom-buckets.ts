import { CUSTOM_BUCKETS_SCHEMA, compactHistogram, type FloatHistogram } from '../../model/index.ts';

/** A cumulative bucket of a classic histogram. */
export interface CumulativeBucket {
  readonly upperBound: number;
  readonly count: number;
}

export interface ClassicHistogram {
  /** In any order; of two with one bound the first counts. */
  readonly buckets: readonly CumulativeBucket[];
  /** Undefined where there is none: the last bucket's then. */
  readonly count: number | undefined;
  readonly sum: number;
}

/**
 * A classic histogram as a native one with custom buckets. Undefined where it contradicts itself:
 * counts that fall or are no numbers, or a +Inf bucket that does not hold them all.
 */
export function toCustomBuckets(classic: ClassicHistogram): FloatHistogram | undefined {
  const buckets = classic.buckets.toSorted((a, b) => a.upperBound - b.upperBound);
  const bounds: number[] = [];
  const counts: number[] = [];
  let before = 0;
  for (const [place, { upperBound, count }] of buckets.entries()) {
    if (place > 0 && buckets[place - 1]!.upperBound === upperBound) continue;
    if (!(count >= before) || Number.isNaN(upperBound)) return undefined;
    // A bound at -Inf is none that a native histogram can have.
    if (upperBound === -Infinity) return undefined;
    if (upperBound !== Infinity) bounds.push(upperBound);
    counts.push(count - before);
    before = count;
  }
  const total = classic.count ?? before;
  const isClosed = counts.length > bounds.length;
  if (!(total >= before && total < Infinity) || (isClosed && total !== before)) return undefined;
  if (!isClosed) counts.push(total - before);
  return compactHistogram({
    counterReset: 'unknown',
    schema: CUSTOM_BUCKETS_SCHEMA,
    zeroThreshold: 0,
    zeroCount: 0,
    count: total,
    sum: classic.sum,
    positiveSpans: [{ offset: 0, length: counts.length }],
    positiveBuckets: counts,
    negativeSpans: [],
    negativeBuckets: [],
    customValues: bounds,
  });
}
