/** A bucket of a classic histogram: observations at most `upperBound`, cumulative. */
export interface ClassicBucket {
  readonly upperBound: number;
  count: number;
}

/** How counts had to be raised to be monotonic. */
export interface ForcedMonotonicity {
  minBucket: number;
  maxBucket: number;
  maxDiff: number;
}

export interface ClassicQuantile {
  readonly value: number;
  /** Undefined where nothing (or nothing worth telling) had to be done. */
  readonly forced: ForcedMonotonicity | undefined;
}

/** Relative differences up to this are rounding, not a fault of the data. */
const ROUNDING = 1e-12;

/** The phi-quantile of a classic histogram; sorts and alters `buckets`. At least one bucket. */
export function classicQuantile(phi: number, buckets: ClassicBucket[]): ClassicQuantile {
  const answer = (value: number, forced?: ForcedMonotonicity): ClassicQuantile => ({
    value,
    forced,
  });
  if (phi !== phi) return answer(NaN);
  if (phi < 0) return answer(-Infinity);
  if (phi > 1) return answer(Infinity);
  const merged = mergeEqualBounds(buckets);
  if (merged[merged.length - 1]?.upperBound !== Infinity) return answer(NaN);
  const forced = makeMonotonic(merged);
  const last = merged.length - 1;
  const observations = merged[last]!.count;
  if (merged.length < 2 || observations === 0) return answer(NaN, forced);
  const rank = phi * observations;
  let at = 0;
  while (at < last && !(merged[at]!.count >= rank)) at++;
  const { upperBound, count } = merged[at]!;
  if (at === last) return answer(merged[last - 1]!.upperBound, forced);
  if (at === 0 && upperBound <= 0) return answer(upperBound, forced);
  const before = at === 0 ? { upperBound: 0, count: 0 } : merged[at - 1]!;
  const share = (rank - before.count) / (count - before.count);
  return answer(before.upperBound + (upperBound - before.upperBound) * share, forced);
}

/** The share of a classic histogram's observations between two values. */
export function classicFraction(lower: number, upper: number, buckets: ClassicBucket[]): number {
  const merged = mergeEqualBounds(buckets);
  const last = merged[merged.length - 1]!;
  if (last.upperBound !== Infinity) return NaN;
  const { count } = last;
  if (count === 0 || lower !== lower || upper !== upper) return NaN;
  if (lower >= upper) return 0;
  const rankOf = (value: number): number => Math.min(rankBelow(merged, value) ?? count, count);
  return (rankOf(upper) - rankOf(lower)) / count;
}

function rankBelow(buckets: readonly ClassicBucket[], value: number): number | undefined {
  let rank = 0;
  let lowerBound = buckets[0]!.upperBound <= 0 ? -Infinity : 0;
  for (const { upperBound, count } of buckets) {
    if (lowerBound >= value) return rank;
    if (upperBound > value) {
      if (lowerBound === -Infinity) return count;
      return rank + ((count - rank) * (value - lowerBound)) / (upperBound - lowerBound);
    }
    rank = count;
    lowerBound = upperBound;
  }
  return undefined;
}

/** Sorted by bound; the counts of equal bounds (`1`, `1.0`) are added up. */
function mergeEqualBounds(buckets: ClassicBucket[]): ClassicBucket[] {
  // Fast path: whoever asks step after step has them in order.
  if (isAscending(buckets)) return buckets;
  buckets.sort((a, b) => (a.upperBound < b.upperBound ? -1 : a.upperBound > b.upperBound ? 1 : 0));
  const merged: ClassicBucket[] = [];
  for (const bucket of buckets) {
    const last = merged[merged.length - 1];
    if (last?.upperBound === bucket.upperBound) last.count += bucket.count;
    else merged.push(bucket);
  }
  return merged;
}

/** Whether each bound is above the one before. */
function isAscending(buckets: readonly ClassicBucket[]): boolean {
  for (let index = 1; index < buckets.length; index++) {
    if (!(buckets[index]!.upperBound > buckets[index - 1]!.upperBound)) return false;
  }
  return true;
}

function makeMonotonic(buckets: readonly ClassicBucket[]): ForcedMonotonicity | undefined {
  let forced: ForcedMonotonicity | undefined;
  let before = buckets[0]!.count;
  for (let index = 1; index < buckets.length; index++) {
    const bucket = buckets[index]!;
    const { count, upperBound } = bucket;
    if (count === before) continue;
    if (isRounding(before, count)) {
      bucket.count = before;
    } else if (count < before) {
      bucket.count = before;
      forced ??= { minBucket: Infinity, maxBucket: -Infinity, maxDiff: 0 };
      forced.minBucket = Math.min(forced.minBucket, upperBound);
      forced.maxBucket = Math.max(forced.maxBucket, upperBound);
      forced.maxDiff = Math.max(forced.maxDiff, before - count);
    } else {
      before = count;
    }
  }
  return forced;
}

/** The smallest normal number: below it relative differences mean nothing. */
const MIN_NORMAL = 2.2250738585072014e-308;

function isRounding(a: number, b: number): boolean {
  if (a !== a && b !== b) return true;
  const size = Math.abs(a) + Math.abs(b);
  const difference = Math.abs(a - b);
  if (a === 0 || b === 0 || size < MIN_NORMAL) return difference < ROUNDING * MIN_NORMAL;
  return difference / Math.min(size, Number.MAX_VALUE) < ROUNDING;
}
