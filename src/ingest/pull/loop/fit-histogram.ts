import {
  CUSTOM_BUCKETS_SCHEMA,
  compactHistogram,
  EXPONENTIAL_SCHEMA_MIN,
  type FloatHistogram,
  reduceHistogram,
} from '../../../model/index.ts';
import type { HistogramConfig } from '../config/scrape-config.ts';

/**
 * A native histogram as it is to be stored: without empty buckets, and as much coarser as the
 * limits ask for. Undefined where it has too many buckets and cannot be made coarser.
 */
export function fitHistogram(
  histogram: FloatHistogram,
  { bucketLimit, maxSchema }: HistogramConfig,
): FloatHistogram | undefined {
  const isCustom = histogram.schema === CUSTOM_BUCKETS_SCHEMA;
  let fitting = compactHistogram(isCustom ? histogram : reduceHistogram(histogram, maxSchema));
  const limit = bucketLimit > 0 ? bucketLimit : Infinity;
  while (bucketCount(fitting) > limit) {
    if (isCustom || fitting.schema <= EXPONENTIAL_SCHEMA_MIN) return undefined;
    fitting = reduceHistogram(fitting, fitting.schema - 1);
  }
  return fitting;
}

function bucketCount({ positiveBuckets, negativeBuckets }: FloatHistogram): number {
  return positiveBuckets.length + negativeBuckets.length;
}
