import type { FloatHistogram } from '../../../model/index.ts';
import { goGeneral } from '../../annotations.ts';
import { usesCustomBuckets } from './bounds.ts';
import { type Bucket, negativeBuckets, positiveBuckets, zeroBucket } from './buckets.ts';

/** A histogram as Prometheus prints it: `{count:10, sum:3.5, (0.5,1]:4, (1,2]:6}`. */
export function histogramText(histogram: FloatHistogram): string {
  const parts = [`count:${goGeneral(histogram.count)}`, `sum:${goGeneral(histogram.sum)}`];
  const buckets = negativeBuckets(histogram).reverse();
  if (!usesCustomBuckets(histogram)) buckets.push(zeroBucket(histogram));
  buckets.push(...positiveBuckets(histogram));
  for (const bucket of buckets) {
    if (bucket.count !== 0) parts.push(bucketText(bucket));
  }
  return `{${parts.join(', ')}}`;
}

function bucketText({ lower, upper, lowerInclusive, upperInclusive, count }: Bucket): string {
  const open = lowerInclusive ? '[' : '(';
  const close = upperInclusive ? ']' : ')';
  return `${open}${goGeneral(lower)},${goGeneral(upper)}${close}:${goGeneral(count)}`;
}
