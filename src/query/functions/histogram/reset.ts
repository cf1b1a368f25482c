import { type FloatHistogram, reduceSide, type Side, sideOf } from '../../../model/index.ts';
import { commonBounds, sameBounds, usesCustomBuckets } from './bounds.ts';
import { beyondZeroBucket, widenZeroBucket } from './zero-bucket.ts';

/** Whether a counter histogram was reset between `previous` and `current`. */
export function isHistogramReset(current: FloatHistogram, previous: FloatHistogram): boolean {
  if (current.counterReset === 'reset') return true;
  if (current.counterReset === 'not_reset') return false;
  if (current.count < previous.count) return true;
  if (usesCustomBuckets(current)) {
    if (!usesCustomBuckets(previous)) return true;
    if (!sameBounds(current.customValues, previous.customValues)) {
      return isResetAtCommonBounds(current, previous);
    }
  }
  // Detail that was not there before cannot have come by counting.
  if (current.schema > previous.schema) return true;
  if (current.zeroThreshold < previous.zeroThreshold) return true;
  const widened = widenZeroBucket(
    { ...previous, positive: positiveOf(previous), negative: negativeOf(previous) },
    current.zeroThreshold,
  );
  if (widened.zeroThreshold !== current.zeroThreshold) return true;
  if (current.zeroCount < widened.zeroCount) return true;
  return (
    hasFallen(current, positiveOf(current), previous, positiveOf(previous)) ||
    hasFallen(current, negativeOf(current), previous, negativeOf(previous))
  );
}

function positiveOf({ positiveSpans, positiveBuckets }: FloatHistogram): Side {
  return sideOf(positiveSpans, positiveBuckets);
}

function negativeOf({ negativeSpans, negativeBuckets }: FloatHistogram): Side {
  return sideOf(negativeSpans, negativeBuckets);
}

function hasFallen(
  { schema, zeroThreshold }: FloatHistogram,
  current: Side,
  { schema: previousSchema }: FloatHistogram,
  previous: Side,
): boolean {
  let before = reduceSide(previous, previousSchema, schema);
  if (schema >= -4) before = beyondZeroBucket(before, schema, zeroThreshold);
  let place = 0;
  for (let at = 0; at < before.indices.length; at++) {
    const index = before.indices[at]!;
    const count = before.counts[at]!;
    while (place < current.indices.length && current.indices[place]! < index) place++;
    if (current.indices[place] === index) {
      if (current.counts[place]! < count) return true;
    } else if (count !== 0) {
      return true;
    }
  }
  return false;
}

/** With differing custom bounds, what counts is the sums up to each bound that both have. */
function isResetAtCommonBounds(current: FloatHistogram, previous: FloatHistogram): boolean {
  const bounds = [...commonBounds(current.customValues, previous.customValues), Infinity];
  const now = sumsBetween(current, bounds);
  const before = sumsBetween(previous, bounds);
  return now.some((sum, place) => sum < before[place]!);
}

/** For each bound the count of the buckets after the bound before, up to it. */
function sumsBetween(histogram: FloatHistogram, bounds: readonly number[]): number[] {
  const sums = bounds.map(() => 0);
  const { indices, counts } = positiveOf(histogram);
  let place = 0;
  for (let at = 0; at < indices.length; at++) {
    const upper = histogram.customValues[indices[at]!] ?? Infinity;
    while (bounds[place]! < upper) place++;
    sums[place]! += counts[at]!;
  }
  return sums;
}
