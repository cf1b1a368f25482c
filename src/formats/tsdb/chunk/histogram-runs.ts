import type { CounterReset, FloatHistogram, Span } from '../../../model/index.ts';
import { bucketIndices, hasLostCounts, sameSpans, spansOf, unionOf } from './bucket-layout.ts';
import { CHUNK_SAMPLES_MAX } from './encoding.ts';
import type { TimedHistogram } from './histogram-decode.ts';

/** Neighbouring histograms that one chunk can hold. */
export interface HistogramRun {
  /** The samples are `[from, to)` of the series'. */
  readonly from: number;
  readonly to: number;
  /** What the chunk's header is to say. */
  readonly counterReset: CounterReset;
}

/**
 * The longest run of `samples[from, limit)` that one chunk can hold: of one kind, schema, zero
 * threshold and bounds, without a counter reset inside, at most 120, a staleness marker only at
 * its end. Buckets may come and, while they count 0, go: the chunk then has them all.
 */
export function takeRun(
  samples: readonly TimedHistogram[],
  from: number,
  limit: number,
): HistogramRun {
  const end = Math.min(limit, from + CHUNK_SAMPLES_MAX);
  const counterReset = headerOf(samples, from);
  let to = from + 1;
  while (to < end && mayFollow(samples[to - 1]!.histogram, samples[to]!.histogram)) to++;
  return { from, to, counterReset };
}

function mayFollow(before: FloatHistogram | undefined, next: FloatHistogram | undefined): boolean {
  if (before === undefined) return false;
  if (next === undefined) return true;
  return isAlike(before, next) && !isReset(before, next);
}

function headerOf(samples: readonly TimedHistogram[], from: number): CounterReset {
  const first = samples[from]!.histogram;
  const before = samples[from - 1]?.histogram;
  if (first === undefined) return 'unknown';
  if (first.counterReset === 'gauge' || first.counterReset === 'reset') return first.counterReset;
  if (before === undefined || !isAlike(before, first)) return 'unknown';
  return isReset(before, first) ? 'reset' : 'not_reset';
}

function isAlike(before: FloatHistogram, next: FloatHistogram): boolean {
  return (
    (before.counterReset === 'gauge') === (next.counterReset === 'gauge') &&
    before.schema === next.schema &&
    Object.is(before.zeroThreshold, next.zeroThreshold) &&
    before.customValues.length === next.customValues.length &&
    before.customValues.every((bound, at) => Object.is(bound, next.customValues[at]))
  );
}

function isReset(before: FloatHistogram, next: FloatHistogram): boolean {
  if (next.counterReset === 'gauge') return false;
  return (
    next.counterReset === 'reset' ||
    next.count < before.count ||
    next.zeroCount < before.zeroCount ||
    hasLostCounts(positiveSide(before), positiveSide(next)) ||
    hasLostCounts(negativeSide(before), negativeSide(next))
  );
}

function positiveSide({ positiveSpans, positiveBuckets }: FloatHistogram) {
  return { spans: positiveSpans, counts: positiveBuckets };
}

function negativeSide({ negativeSpans, negativeBuckets }: FloatHistogram) {
  return { spans: negativeSpans, counts: negativeBuckets };
}

/** The spans that one side of a chunk has. */
export interface ChunkSide {
  readonly spans: readonly Span[];
  /** The buckets' indices, where not all histograms have these same spans. */
  readonly indices: readonly number[] | undefined;
}

/** Spans for all buckets that any of the histograms has on one side. */
export function mergeSpans(spanLists: readonly (readonly Span[])[]): ChunkSide {
  const first = spanLists[0] ?? [];
  // Fast path: all alike, and so they stay as they are.
  if (spanLists.every((spans) => sameSpans(spans, first))) {
    return { spans: first, indices: undefined };
  }
  let indices: number[] = [];
  let previous: readonly Span[] = [];
  for (const spans of spanLists) {
    if (!sameSpans(spans, previous)) indices = unionOf(indices, bucketIndices(spans));
    previous = spans;
  }
  return { spans: spansOf(indices), indices };
}
