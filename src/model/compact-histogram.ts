import type { FloatHistogram, Span } from './histogram.ts';
import { sideOf, spansOf } from './histogram-sides.ts';

/** Without empty buckets, and with as few spans as can be. */
export function compactHistogram(histogram: FloatHistogram): FloatHistogram {
  const positive = compactSide(histogram.positiveSpans, histogram.positiveBuckets);
  const negative = compactSide(histogram.negativeSpans, histogram.negativeBuckets);
  return {
    ...histogram,
    positiveSpans: positive.spans,
    positiveBuckets: positive.counts,
    negativeSpans: negative.spans,
    negativeBuckets: negative.counts,
  };
}

function compactSide(
  spans: readonly Span[],
  buckets: readonly number[],
): { spans: readonly Span[]; counts: readonly number[] } {
  const { indices, counts } = sideOf(spans, buckets);
  const keptIndices: number[] = [];
  const keptCounts: number[] = [];
  for (let place = 0; place < indices.length; place++) {
    if (counts[place] === 0) continue;
    keptIndices.push(indices[place]!);
    keptCounts.push(counts[place]!);
  }
  return { spans: spansOf(keptIndices), counts: keptCounts };
}
