import type { SampleExtent, SeriesRun } from '../../kernel/index.ts';
import type { FloatHistogram, Labels, Metadata } from '../../model/index.ts';
import type { SampleBatch } from '../api.ts';
import type { StoredExemplar } from './exemplar-ring.ts';

/** Times that the store took when a commit was written; logged, so that replay judges alike. */
export interface CommitBounds {
  readonly minTime: number;
  readonly maxTime: number;
  readonly windowMs: number;
}

export interface NewSeries {
  readonly ref: number;
  readonly labels: Labels;
  /** UTF-16 units of all its texts, where somebody has counted them. */
  readonly textUnits?: number;
}

export interface HistogramEntry {
  readonly ref: number;
  readonly timestamp: number;
  /** Undefined is a staleness marker. */
  readonly histogram: FloatHistogram | undefined;
}

/** Beyond this a commit is written and applied in slices: it would keep the event loop too long. */
export const SERIES_AT_ONCE = 2048;
const SAMPLES_AT_ONCE = 64 * 1024;

/** All of one commit, as an appender holds it and as replay reads it from the log. */
export interface Commit {
  readonly bounds: CommitBounds;
  readonly series: readonly NewSeries[];
  /** `series` as a record of the log has them, where they have been written already. */
  readonly seriesBytes?: Uint8Array;
  /** New series besides `series`: those that a run of the only shard of the head has read. */
  readonly seriesRun?: SeriesRun;
  readonly samples: SampleBatch;
  /** Of `samples`, where it is known already. */
  readonly extent?: SampleExtent;
  readonly histograms: readonly HistogramEntry[];
  readonly exemplars: readonly StoredExemplar[];
  readonly metadata: readonly (readonly [metricFamily: string, metadata: Metadata])[];
  readonly state: readonly (readonly [key: string, value: Uint8Array | undefined])[];
}

/** Whether a commit is to be applied in slices. */
export function isLarge({ series, samples }: Commit): boolean {
  return series.length > SERIES_AT_ONCE || samples.length > SAMPLES_AT_ONCE;
}
