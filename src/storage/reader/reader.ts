import type { Matcher } from '../../model/index.ts';
import type { SelectHints, TimeRange } from '../api.ts';
import type { LabelTableData } from './label-table.ts';
import type { TextTableData } from './text-table.ts';

/** Samples of a selection as columns, series after series. All buffers can be transferred. */
export interface SelectAnswer {
  readonly labels: LabelTableData;
  /** The samples of series i are at `[sampleOffsets[i], sampleOffsets[i + 1])`. */
  readonly sampleOffsets: Float64Array<ArrayBuffer>;
  readonly timestamps: Float64Array<ArrayBuffer>;
  readonly values: Float64Array<ArrayBuffer>;
  /** Undefined where the selection has none. */
  readonly histograms: HistogramColumns | undefined;
}

/** Encoded histogram samples: for each a time, then the histogram as in the log. */
export interface HistogramColumns {
  /** The samples of series i are in `bytes[offsets[i], offsets[i + 1])`. */
  readonly offsets: Float64Array<ArrayBuffer>;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

export type MatcherLists = readonly (readonly Matcher[])[];

/**
 * Reads the store, on its thread or from another one. Nothing is sorted. `signal` gives up:
 * the promise then rejects soon.
 */
export interface Reader {
  select(
    matchers: readonly Matcher[],
    hints: SelectHints,
    signal: AbortSignal,
  ): Promise<SelectAnswer>;
  series(lists: MatcherLists, range: TimeRange, signal: AbortSignal): Promise<LabelTableData>;
  labelNames(lists: MatcherLists, range: TimeRange, signal: AbortSignal): Promise<TextTableData>;
  labelValues(
    name: string,
    lists: MatcherLists,
    range: TimeRange,
    signal: AbortSignal,
  ): Promise<TextTableData>;
}
