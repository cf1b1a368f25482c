import { CUSTOM_BUCKETS_SCHEMA, type FloatHistogram } from '../../../src/model/index.ts';
import { type Buckets, negativeBucketsOf, positiveBucketsOf } from './histogram-buckets.ts';
import type { HistogramPoint } from './series-notation.ts';

const EPSILON = 1e-6;
const MIN_NORMAL = 2 ** -1022;

/** Equal but for rounding; NaN equals NaN. */
export function almostEqual(a: number, b: number): boolean {
  if (a === b || (Number.isNaN(a) && Number.isNaN(b))) return true;
  const sum = Math.abs(a) + Math.abs(b);
  const difference = Math.abs(a - b);
  if (a === 0 || b === 0 || sum < MIN_NORMAL) return difference < EPSILON * MIN_NORMAL;
  return difference / Math.min(sum, Number.MAX_VALUE) < EPSILON;
}

/** Empty buckets do not count; the reset hint does where the script names one. */
export function histogramsMatch(wanted: HistogramPoint, got: FloatHistogram): boolean {
  const { histogram, hasHint } = wanted;
  return (
    histogram.schema === got.schema &&
    almostEqual(histogram.count, got.count) &&
    almostEqual(histogram.sum, got.sum) &&
    histogram.zeroThreshold === got.zeroThreshold &&
    almostEqual(histogram.zeroCount, got.zeroCount) &&
    (histogram.schema !== CUSTOM_BUCKETS_SCHEMA ||
      histogram.customValues.join() === got.customValues.join()) &&
    bucketsMatch(positiveBucketsOf(histogram), positiveBucketsOf(got)) &&
    bucketsMatch(negativeBucketsOf(histogram), negativeBucketsOf(got)) &&
    (!hasHint || histogram.counterReset === got.counterReset)
  );
}

function bucketsMatch(wanted: Buckets, got: Buckets): boolean {
  if (wanted.size !== got.size) return false;
  return [...wanted].every(([index, count]) => almostEqual(count, got.get(index) ?? NaN));
}

/** A histogram as scripts write it, for messages. */
export function showHistogram(histogram: FloatHistogram): string {
  const parts = [`schema:${histogram.schema}`, `count:${histogram.count}`, `sum:${histogram.sum}`];
  if (histogram.zeroCount !== 0) parts.push(`z_bucket:${histogram.zeroCount}`);
  if (histogram.zeroThreshold !== 0) parts.push(`z_bucket_w:${histogram.zeroThreshold}`);
  if (histogram.customValues.length > 0) {
    parts.push(`custom_values:[${histogram.customValues.join(' ')}]`);
  }
  parts.push(...showBuckets('buckets', positiveBucketsOf(histogram)));
  parts.push(...showBuckets('n_buckets', negativeBucketsOf(histogram)));
  if (histogram.counterReset !== 'unknown') {
    parts.push(`counter_reset_hint:${histogram.counterReset}`);
  }
  return `{{${parts.join(' ')}}}`;
}

function showBuckets(name: string, buckets: Buckets): string[] {
  if (buckets.size === 0) return [];
  return [`${name}:{${[...buckets].map(([index, count]) => `${index}=${count}`).join(' ')}}`];
}
