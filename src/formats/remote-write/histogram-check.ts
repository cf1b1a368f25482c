import type { FloatHistogram, Span } from '../../model/index.ts';
import { CUSTOM_BUCKETS_SCHEMA } from '../../model/index.ts';

const SCHEMA_MIN = -4;
const SCHEMA_MAX = 8;

/**
 * What is wrong with a native histogram, or undefined. `hasExactCounts` says that its counts were
 * sent as integers: then the buckets may not hold more than the count. They may hold less
 * (observations of NaN are in none), and the zero bucket is not counted in: Prometheus 2.42 takes
 * such histograms from its targets and sends them on, so a receiver has to. Sums of floats are not
 * compared.
 */
export function findHistogramProblem(
  histogram: FloatHistogram,
  hasExactCounts: boolean,
): string | undefined {
  const isCustom = histogram.schema === CUSTOM_BUCKETS_SCHEMA;
  return (
    findSpanProblem('positive', histogram.positiveSpans, histogram.positiveBuckets) ??
    findSpanProblem('negative', histogram.negativeSpans, histogram.negativeBuckets) ??
    (isCustom ? findCustomProblem(histogram) : findExponentialProblem(histogram)) ??
    findCountProblem(histogram, hasExactCounts)
  );
}

function findSpanProblem(
  side: string,
  spans: readonly Span[],
  buckets: readonly number[],
): string | undefined {
  let length = 0;
  for (const [index, span] of spans.entries()) {
    if (index > 0 && span.offset < 0) {
      return `${side} span ${index} has offset ${span.offset}, wanted 0 or more after the first`;
    }
    length += span.length;
  }
  if (length !== buckets.length) {
    return `${side} spans cover ${length} buckets, ${buckets.length} being there`;
  }
  const negative = buckets.find((count) => count < 0);
  if (negative === undefined) return undefined;
  return `a ${side} bucket counts ${negative}, wanted 0 or more`;
}

function findExponentialProblem(histogram: FloatHistogram): string | undefined {
  const { schema, customValues, zeroThreshold } = histogram;
  if (schema < SCHEMA_MIN || schema > SCHEMA_MAX) {
    const wanted = `wanted ${SCHEMA_MIN} to ${SCHEMA_MAX} or ${CUSTOM_BUCKETS_SCHEMA}`;
    return `schema ${schema}, ${wanted}`;
  }
  if (customValues.length > 0) return `custom bounds with schema ${schema}, wanted none`;
  if (!(zeroThreshold >= 0)) return `zero threshold ${zeroThreshold}, wanted 0 or more`;
  return undefined;
}

function findCustomProblem(histogram: FloatHistogram): string | undefined {
  const { customValues } = histogram;
  if (histogram.zeroCount !== 0 || histogram.zeroThreshold !== 0) {
    return 'a zero bucket with custom bounds, wanted none';
  }
  if (histogram.negativeSpans.length > 0 || histogram.negativeBuckets.length > 0) {
    return 'negative buckets with custom bounds, wanted none';
  }
  for (const [index, bound] of customValues.entries()) {
    if (!Number.isFinite(bound)) return `custom bound ${bound}, wanted a finite number`;
    const previous = customValues[index - 1];
    if (previous !== undefined && bound <= previous) {
      return `custom bound ${bound} after ${previous}, wanted ascending bounds`;
    }
  }
  let buckets = 0;
  for (const [index, span] of histogram.positiveSpans.entries()) {
    if (index === 0 && span.offset < 0) return `bucket ${span.offset}, wanted 0 or more`;
    buckets += span.offset + span.length;
  }
  // One bucket lies above the last bound.
  if (buckets <= customValues.length + 1) return undefined;
  return `bucket ${buckets - 1}, wanted at most ${customValues.length}, the last bound's`;
}

function findCountProblem(histogram: FloatHistogram, hasExactCounts: boolean): string | undefined {
  const { count, zeroCount, positiveBuckets, negativeBuckets } = histogram;
  if (!(count >= 0)) return `count ${count}, wanted 0 or more`;
  if (!(zeroCount >= 0)) return `zero count ${zeroCount}, wanted 0 or more`;
  if (!hasExactCounts) return undefined;
  let inBuckets = 0;
  for (const bucket of positiveBuckets) inBuckets += bucket;
  for (const bucket of negativeBuckets) inBuckets += bucket;
  if (inBuckets <= count) return undefined;
  return `count ${count}, wanted at least ${inBuckets}, the sum of its buckets`;
}
