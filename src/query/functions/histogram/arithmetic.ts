import { type FloatHistogram, sideOf, type Span } from '../../../model/index.ts';
import { HistogramAccumulator } from './accumulator.ts';
import { sameBounds } from './bounds.ts';

export { IncompatibleHistogramsError } from './accumulator.ts';

/** A histogram made of two, and what had to be done to make it. */
export interface CombinedHistogram {
  readonly histogram: FloatHistogram;
  readonly resetCollision: boolean;
  readonly boundsReconciled: boolean;
}

/** @throws IncompatibleHistogramsError */
export function addHistograms(left: FloatHistogram, right: FloatHistogram): CombinedHistogram {
  return combine(left, right, 1);
}

/** @throws IncompatibleHistogramsError */
export function subtractHistograms(left: FloatHistogram, right: FloatHistogram): CombinedHistogram {
  return combine(left, right, -1);
}

function combine(left: FloatHistogram, right: FloatHistogram, sign: 1 | -1): CombinedHistogram {
  const total = new HistogramAccumulator(left);
  total.add(right, sign);
  const { resetCollision, boundsReconciled } = total;
  return { histogram: total.result(), resetCollision, boundsReconciled };
}

/** A negative factor makes a gauge of it. */
export function scaleHistogram(histogram: FloatHistogram, factor: number): FloatHistogram {
  return {
    ...histogram,
    counterReset: factor < 0 ? 'gauge' : histogram.counterReset,
    zeroCount: histogram.zeroCount * factor,
    count: histogram.count * factor,
    sum: histogram.sum * factor,
    positiveBuckets: histogram.positiveBuckets.map((count) => count * factor),
    negativeBuckets: histogram.negativeBuckets.map((count) => count * factor),
  };
}

/** Division by zero leaves no buckets, but infinite (or NaN) count, sum and zero count. */
export function divideHistogram(histogram: FloatHistogram, divisor: number): FloatHistogram {
  const empty = divisor === 0;
  return {
    ...histogram,
    counterReset: divisor < 0 ? 'gauge' : histogram.counterReset,
    zeroCount: histogram.zeroCount / divisor,
    count: histogram.count / divisor,
    sum: histogram.sum / divisor,
    positiveSpans: empty ? [] : histogram.positiveSpans,
    negativeSpans: empty ? [] : histogram.negativeSpans,
    positiveBuckets: empty ? [] : histogram.positiveBuckets.map((count) => count / divisor),
    negativeBuckets: empty ? [] : histogram.negativeBuckets.map((count) => count / divisor),
  };
}

/** Same layout and same numbers, NaN equal to NaN; what is known of resets does not matter. */
export function equalHistograms(left: FloatHistogram, right: FloatHistogram): boolean {
  return (
    left.schema === right.schema &&
    Object.is(left.count, right.count) &&
    Object.is(left.sum, right.sum) &&
    left.zeroThreshold === right.zeroThreshold &&
    Object.is(left.zeroCount, right.zeroCount) &&
    sameBounds(left.customValues, right.customValues) &&
    equalSides(
      left.positiveSpans,
      left.positiveBuckets,
      right.positiveSpans,
      right.positiveBuckets,
    ) &&
    equalSides(left.negativeSpans, left.negativeBuckets, right.negativeSpans, right.negativeBuckets)
  );
}

function equalSides(
  leftSpans: readonly Span[],
  leftCounts: readonly number[],
  rightSpans: readonly Span[],
  rightCounts: readonly number[],
): boolean {
  if (leftCounts.length !== rightCounts.length) return false;
  const left = sideOf(leftSpans, leftCounts).indices;
  const right = sideOf(rightSpans, rightCounts).indices;
  return leftCounts.every(
    (count, place) => left[place] === right[place] && Object.is(count, rightCounts[place]),
  );
}
