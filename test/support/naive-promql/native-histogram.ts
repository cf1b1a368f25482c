import type { FloatHistogram, Span } from '../../../src/model/index.ts';
import { hasFallen, NaiveError, Unspecified } from './model.ts';

type Buckets = ReadonlyMap<number, number>;

/** A native histogram as maps from bucket index to count; empty buckets are left out. */
export interface NativeHistogram {
  readonly schema: number;
  readonly zeroThreshold: number;
  readonly zeroCount: number;
  readonly count: number;
  readonly sum: number;
  readonly positive: Buckets;
  readonly negative: Buckets;
  /** Of custom buckets (schema -53). */
  readonly bounds: readonly number[];
}

const CUSTOM = -53;

/** Exponential and custom buckets have met. */
export class MixedSchemas extends NaiveError {}

export function isCustom({ schema }: NativeHistogram): boolean {
  return schema === CUSTOM;
}

export function fromStored(histogram: FloatHistogram): NativeHistogram {
  return {
    schema: histogram.schema,
    zeroThreshold: histogram.zeroThreshold,
    zeroCount: histogram.zeroCount,
    count: histogram.count,
    sum: histogram.sum,
    positive: bucketMap(histogram.positiveSpans, histogram.positiveBuckets),
    negative: bucketMap(histogram.negativeSpans, histogram.negativeBuckets),
    bounds: histogram.customValues,
  };
}

function bucketMap(spans: readonly Span[], counts: readonly number[]): Buckets {
  const map = new Map<number, number>();
  let index = 0;
  let at = 0;
  for (const { offset, length } of spans) {
    index += offset;
    for (let bucket = 0; bucket < length; bucket++) map.set(index++, counts[at++] ?? 0);
  }
  return withoutEmpty(map);
}

function withoutEmpty(buckets: Buckets): Buckets {
  return new Map([...buckets].filter(([, count]) => count !== 0));
}

/** The upper bound of an exponential bucket. */
function upperOf(schema: number, index: number): number {
  return 2 ** (index * 2 ** -schema);
}

export function scale(histogram: NativeHistogram, by: number): NativeHistogram {
  return mapCounts(histogram, (count) => count * by);
}

/** Nothing is left of the buckets when the divisor is zero. */
export function divide(histogram: NativeHistogram, by: number): NativeHistogram {
  const divided = mapCounts(histogram, (count) => count / by);
  return by === 0 ? { ...divided, positive: new Map(), negative: new Map() } : divided;
}

function mapCounts(histogram: NativeHistogram, change: (count: number) => number): NativeHistogram {
  const buckets = (map: Buckets): Buckets =>
    withoutEmpty(new Map([...map].map(([index, count]) => [index, change(count)])));
  return {
    ...histogram,
    zeroCount: change(histogram.zeroCount),
    count: change(histogram.count),
    sum: change(histogram.sum),
    positive: buckets(histogram.positive),
    negative: buckets(histogram.negative),
  };
}

/** `left + sign * right`, at the coarser resolution of the two. @throws MixedSchemas */
export function combine(
  left: NativeHistogram,
  right: NativeHistogram,
  sign: 1 | -1 = 1,
): NativeHistogram {
  const [a, b] = reconcile(left, right);
  const add = (one: Buckets, other: Buckets): Buckets => {
    const map = new Map(one);
    for (const [index, count] of other) map.set(index, (map.get(index) ?? 0) + sign * count);
    return withoutEmpty(map);
  };
  return {
    ...a,
    zeroCount: a.zeroCount + sign * b.zeroCount,
    count: a.count + sign * b.count,
    sum: a.sum + sign * b.sum,
    positive: add(a.positive, b.positive),
    negative: add(a.negative, b.negative),
  };
}

/** Both at the same schema and zero threshold, or the bounds that both have. */
function reconcile(
  left: NativeHistogram,
  right: NativeHistogram,
): [NativeHistogram, NativeHistogram] {
  if (isCustom(left) !== isCustom(right)) throw new MixedSchemas('exponential and custom buckets');
  if (isCustom(left)) {
    const bounds = left.bounds.filter((bound) => right.bounds.includes(bound));
    return [withBounds(left, bounds), withBounds(right, bounds)];
  }
  const schema = Math.min(left.schema, right.schema);
  let a = left;
  let b = right;
  while (a.zeroThreshold !== b.zeroThreshold) {
    const threshold = Math.max(a.zeroThreshold, b.zeroThreshold);
    a = widen(a, threshold);
    b = widen(b, threshold);
  }
  return [toSchema(a, schema), toSchema(b, schema)];
}

export function toSchema(histogram: NativeHistogram, schema: number): NativeHistogram {
  if (histogram.schema <= schema) return histogram;
  const factor = 2 ** (histogram.schema - schema);
  const merge = (buckets: Buckets): Buckets => {
    const map = new Map<number, number>();
    for (const [index, count] of buckets) {
      const coarse = Math.ceil(index / factor);
      map.set(coarse, (map.get(coarse) ?? 0) + count);
    }
    return map;
  };
  const { positive, negative } = histogram;
  return { ...histogram, schema, positive: merge(positive), negative: merge(negative) };
}

/** With a zero bucket at least that wide, which takes in every bucket that it reaches into. */
function widen(histogram: NativeHistogram, threshold: number): NativeHistogram {
  if (histogram.zeroThreshold >= threshold) return histogram;
  let reach = threshold;
  let { zeroCount } = histogram;
  const { schema } = histogram;
  const sides = [histogram.positive, histogram.negative];
  for (const index of sides.flatMap((side) => [...side.keys()])) {
    const isCut = upperOf(schema, index - 1) < reach && upperOf(schema, index) > reach;
    if (isCut) return widen(histogram, upperOf(schema, index));
  }
  const [positive, negative] = sides.map((side) => {
    const kept = new Map<number, number>();
    for (const [index, count] of side) {
      if (upperOf(schema, index) <= reach) zeroCount += count;
      else kept.set(index, count);
    }
    return kept;
  });
  reach = Math.max(reach, histogram.zeroThreshold);
  return {
    ...histogram,
    zeroThreshold: reach,
    zeroCount,
    positive: positive ?? new Map(),
    negative: negative ?? new Map(),
  };
}

function withBounds(histogram: NativeHistogram, bounds: readonly number[]): NativeHistogram {
  const positive = new Map<number, number>();
  for (const [index, count] of histogram.positive) {
    const upper = histogram.bounds[index] ?? Infinity;
    const found = bounds.findIndex((bound) => bound >= upper);
    const place = found < 0 ? bounds.length : found;
    positive.set(place, (positive.get(place) ?? 0) + count);
  }
  return { ...histogram, bounds, positive };
}

export function sameHistogram(left: NativeHistogram, right: NativeHistogram): boolean {
  const same = (a: number, b: number): boolean => a === b || (Number.isNaN(a) && Number.isNaN(b));
  const sameBuckets = (a: Buckets, b: Buckets): boolean =>
    a.size === b.size && [...a].every(([index, count]) => b.get(index) === count);
  return (
    left.schema === right.schema &&
    left.zeroThreshold === right.zeroThreshold &&
    left.zeroCount === right.zeroCount &&
    left.count === right.count &&
    same(left.sum, right.sum) &&
    left.bounds.length === right.bounds.length &&
    left.bounds.every((bound, place) => bound === right.bounds[place]) &&
    sameBuckets(left.positive, right.positive) &&
    sameBuckets(left.negative, right.negative)
  );
}

/** Whether a counter of histograms was reset between two samples. */
export function wasReset(before: NativeHistogram, now: NativeHistogram): boolean {
  if (hasFallen(before.count, now.count)) return true;
  if (isCustom(now) && !isCustom(before)) return true;
  if (now.schema > before.schema || now.zeroThreshold < before.zeroThreshold) return true;
  const anyFallen = (a: Buckets, b: Buckets): boolean =>
    [...a].some(([index, count]) => hasFallen(count, b.get(index) ?? 0));
  if (isCustom(now)) {
    const [a, b] = reconcile(before, now);
    return anyFallen(a.positive, b.positive);
  }
  const widened = widen(before, now.zeroThreshold);
  if (widened.zeroThreshold !== now.zeroThreshold) return true;
  if (hasFallen(widened.zeroCount, now.zeroCount)) return true;
  // A zero bucket that cuts a bucket of the coarser schema has more than one reading.
  const coarse = widen(toSchema(widened, now.schema), now.zeroThreshold);
  if (coarse.zeroThreshold !== now.zeroThreshold) throw new Unspecified('zero bucket cuts bucket');
  return anyFallen(coarse.positive, now.positive) || anyFallen(coarse.negative, now.negative);
}

export interface PlainBucket {
  readonly lower: number;
  readonly upper: number;
  readonly count: number;
}

/** All buckets from the lowest up, the zero bucket included where it has a count. */
export function bucketsOf(histogram: NativeHistogram): PlainBucket[] {
  const { bounds, negative, positive, schema, zeroCount, zeroThreshold } = histogram;
  const ordered = (side: Buckets): [number, number][] => [...side].toSorted((a, b) => a[0] - b[0]);
  if (isCustom(histogram)) {
    return ordered(positive).map(([index, count]) => ({
      lower: bounds[index - 1] ?? -Infinity,
      upper: bounds[index] ?? Infinity,
      count,
    }));
  }
  const above = ordered(positive).map(([index, count]) => ({
    lower: upperOf(schema, index - 1),
    upper: upperOf(schema, index),
    count,
  }));
  const below = ordered(negative).map(([index, count]) => ({
    lower: -upperOf(schema, index),
    upper: -upperOf(schema, index - 1),
    count,
  }));
  const isBelow = negative.size > 0;
  const isAbove = positive.size > 0;
  const zero = {
    lower: isAbove && !isBelow ? 0 : -zeroThreshold,
    upper: isBelow && !isAbove ? 0 : zeroThreshold,
    count: zeroCount,
  };
  return [...below.toReversed(), ...(zeroCount === 0 ? [] : [zero]), ...above];
}

/** Where `share` of a bucket lies: on a scale of exponents, or linear about zero. */
function inBucket(histogram: NativeHistogram, bucket: PlainBucket, share: number): number {
  let { lower } = bucket;
  const { upper } = bucket;
  if (isCustom(histogram)) {
    if (lower === -Infinity && upper <= 0) return upper;
    if (upper === Infinity) return lower;
    if (lower === -Infinity) lower = 0;
  }
  if (isCustom(histogram) || (lower <= 0 && upper >= 0)) return lower + (upper - lower) * share;
  return lower * (upper / lower) ** share;
}

export function histogramQuantile(phi: number, histogram: NativeHistogram): number {
  if (phi < 0) return -Infinity;
  if (phi > 1) return Infinity;
  if (histogram.count === 0 || Number.isNaN(phi)) return NaN;
  const buckets = plainBuckets(histogram);
  const rank = phi * histogram.count;
  let below = 0;
  for (const [place, bucket] of buckets.entries()) {
    const reached = below + bucket.count;
    if (Math.abs(reached - rank) <= 1e-9 * histogram.count && place < buckets.length - 1) {
      throw new Unspecified('the rank lies between two buckets');
    }
    if (reached >= rank || place === buckets.length - 1) {
      const share = Math.min(1, (rank - below) / bucket.count);
      return inBucket(histogram, bucket, share);
    }
    below = reached;
  }
  return NaN;
}

function plainBuckets(histogram: NativeHistogram): PlainBucket[] {
  const buckets = bucketsOf(histogram);
  const total = buckets.reduce((sum, { count }) => sum + count, 0);
  const isPlain =
    buckets.length > 0 &&
    buckets.every(({ count }) => count > 0) &&
    Math.abs(total - histogram.count) <= 1e-9 * histogram.count &&
    Number.isFinite(histogram.sum);
  if (!isPlain) throw new Unspecified('counts that no observations can give');
  return buckets;
}

export function histogramFraction(
  lower: number,
  upper: number,
  histogram: NativeHistogram,
): number {
  if (histogram.count === 0 || Number.isNaN(lower) || Number.isNaN(upper)) return NaN;
  if (lower >= upper) return 0;
  const buckets = plainBuckets(histogram);
  const rank = (value: number): number =>
    buckets.reduce((sum, bucket) => sum + bucket.count * shareBelow(histogram, bucket, value), 0);
  return (rank(upper) - rank(lower)) / histogram.count;
}

function shareBelow(histogram: NativeHistogram, bucket: PlainBucket, value: number): number {
  let { lower } = bucket;
  const { upper } = bucket;
  if (value >= upper) return 1;
  if (isCustom(histogram) && lower === -Infinity) {
    if (upper <= 0) return value === -Infinity ? 0 : 1;
    lower = 0;
  }
  if (value <= lower) return 0;
  if (isCustom(histogram) && upper === Infinity) return 0;
  const isLinear = isCustom(histogram) || (lower <= 0 && upper >= 0);
  if (isLinear) return (value - lower) / (upper - lower);
  return Math.log(value / lower) / Math.log(upper / lower);
}

export function histogramVariance(histogram: NativeHistogram): number {
  const middle = histogram.sum / histogram.count;
  const total = bucketsOf(histogram).reduce((sum, { lower, upper, count }) => {
    let value = Math.sign(upper) * Math.sqrt(upper * lower);
    if (isCustom(histogram)) value = (upper + lower) / 2;
    else if (lower <= 0 && upper >= 0) value = 0;
    return sum + count * (value - middle) ** 2;
  }, 0);
  return total / histogram.count;
}
