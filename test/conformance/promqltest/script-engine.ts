import type { FloatHistogram, Labels } from '../../../src/model/index.ts';
import type { Queryable } from '../../../src/storage/api.ts';
import type { InstantTimes, RangeTimes } from './script.ts';

export interface ResultPoint {
  readonly timestamp: number;
  readonly value: number | FloatHistogram;
}

export interface ResultSeries {
  readonly labels: Labels;
  readonly points: readonly ResultPoint[];
}

/** A query's value as comparisons take it; of a vector each series has one point. */
export type ScriptValue =
  | { readonly kind: 'scalar'; readonly value: number }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'vector' | 'matrix'; readonly series: readonly ResultSeries[] };

export interface ScriptResult {
  readonly value: ScriptValue;
  readonly warnings: readonly string[];
  readonly infos: readonly string[];
}

/** Evaluates one query; rejects with the engine's own error. */
export type Evaluate = (
  query: string,
  times: InstantTimes | RangeTimes,
  data: Queryable,
) => Promise<ScriptResult>;
