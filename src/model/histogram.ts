/**
 * A native histogram with absolute (float) bucket counts, the form in which histograms are
 * evaluated; integer histograms convert to it without loss below 2^53.
 *
 * Bucket `i` of schema `s` covers (b^(i-1), b^i] with b = 2^(2^-s), schemas -4..8. Schema -53
 * (`CUSTOM_BUCKETS_SCHEMA`) has its own upper bounds in `customValues`, no zero bucket and no
 * negative side. Immutable once shared.
 */
export interface FloatHistogram {
  readonly counterReset: CounterReset;
  readonly schema: number;
  readonly zeroThreshold: number;
  readonly zeroCount: number;
  readonly count: number;
  readonly sum: number;
  readonly positiveSpans: readonly Span[];
  readonly positiveBuckets: readonly number[];
  readonly negativeSpans: readonly Span[];
  readonly negativeBuckets: readonly number[];
  /** Upper bounds, ascending, without +Inf; empty unless the schema is custom. */
  readonly customValues: readonly number[];
}

/** A run of `length` buckets; `offset` is absolute for the first span, else the gap before it. */
export interface Span {
  readonly offset: number;
  readonly length: number;
}

/** What is known of whether a counter reset lies between this histogram and the one before. */
export type CounterReset = 'unknown' | 'reset' | 'not_reset' | 'gauge';

export const CUSTOM_BUCKETS_SCHEMA = -53;
export const EXPONENTIAL_SCHEMA_MIN = -4;
export const EXPONENTIAL_SCHEMA_MAX = 8;
