import { CUSTOM_BUCKETS_SCHEMA, type FloatHistogram } from '../../../src/model/index.ts';
import {
  type Buckets,
  negativeBucketsOf,
  positiveBucketsOf,
  spansOf,
} from './histogram-buckets.ts';

/**
 * One histogram plus `sign` times another, as the scripts use it to write rising series: equal
 * zero buckets and custom bounds, the coarser schema wins.
 */
export function addHistograms(a: FloatHistogram, b: FloatHistogram, sign: 1 | -1): FloatHistogram {
  const isCustom = a.schema === CUSTOM_BUCKETS_SCHEMA;
  if (isCustom !== (b.schema === CUSTOM_BUCKETS_SCHEMA)) {
    throw new Error('custom and standard buckets do not add up');
  }
  const schema = Math.min(a.schema, b.schema);
  const positive = addBuckets(
    reduce(positiveBucketsOf(a), a.schema - schema),
    reduce(positiveBucketsOf(b), b.schema - schema),
    sign,
  );
  const negative = addBuckets(
    reduce(negativeBucketsOf(a), a.schema - schema),
    reduce(negativeBucketsOf(b), b.schema - schema),
    sign,
  );
  return {
    ...a,
    schema,
    zeroThreshold: Math.max(a.zeroThreshold, b.zeroThreshold),
    zeroCount: a.zeroCount + sign * b.zeroCount,
    count: a.count + sign * b.count,
    sum: a.sum + sign * b.sum,
    positiveSpans: positive.spans,
    positiveBuckets: positive.counts,
    negativeSpans: negative.spans,
    negativeBuckets: negative.counts,
  };
}

/** Merges 2^levels neighbouring buckets each; bucket i covers (b^(i-1), b^i]. */
function reduce(buckets: Buckets, levels: number): Buckets {
  if (levels === 0) return buckets;
  const reduced = new Map<number, number>();
  for (const [index, count] of buckets) {
    const coarse = Math.ceil(index / 2 ** levels);
    reduced.set(coarse, (reduced.get(coarse) ?? 0) + count);
  }
  return reduced;
}

function addBuckets(a: Buckets, b: Buckets, sign: 1 | -1): ReturnType<typeof spansOf> {
  const sum = new Map(a);
  for (const [index, count] of b) sum.set(index, (sum.get(index) ?? 0) + sign * count);
  return spansOf(sum);
}
