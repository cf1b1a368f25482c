import type { FloatHistogram, Labels } from '../model/index.ts';
import type { MemoryMeter } from './exec/memory.ts';

/** One element of an instant vector: a number, or a histogram where there is one. */
export interface VectorElement {
  readonly labels: Labels;
  readonly value: number;
  readonly histogram: FloatHistogram | undefined;
}

export interface HistogramPoint {
  readonly timestamp: number;
  readonly histogram: FloatHistogram;
}

/** One series of a matrix, both kinds of points ascending by time (milliseconds). */
export interface MatrixSeries {
  readonly labels: Labels;
  readonly timestamps: Float64Array;
  /** As many as there are timestamps. */
  readonly values: Float64Array;
  readonly histograms: readonly HistogramPoint[];
}

/** What a query comes to. Times are milliseconds. */
export type QueryValue =
  | { readonly kind: 'scalar'; readonly timestamp: number; readonly value: number }
  | { readonly kind: 'string'; readonly timestamp: number; readonly value: string }
  | {
      readonly kind: 'vector';
      readonly timestamp: number;
      readonly elements: readonly VectorElement[];
    }
  /** Series ordered by their labels. */
  | { readonly kind: 'matrix'; readonly series: readonly MatrixSeries[] };

/** What a query took. */
export interface QueryStats {
  readonly prepareMs: number;
  readonly selectMs: number;
  readonly evaluateMs: number;
  readonly totalMs: number;
  /** Samples decoded from storage. */
  readonly samplesRead: number;
  readonly seriesRead: number;
  /** Samples looked at, those of overlapping windows counted in each, as Prometheus counts. */
  readonly queryableSamples: number;
  /** Most samples held at once. */
  readonly peakSamples: number;
  /** Most memory held at once, about. */
  readonly peakBytes: number;
  /** Samples looked at by step (milliseconds), where asked for. */
  readonly perStep?: readonly { readonly timestamp: number; readonly samples: number }[];
}

export interface QueryResult {
  readonly value: QueryValue;
  /** With their position in the query's text, `(line:column)`. */
  readonly warnings: readonly string[];
  readonly infos: readonly string[];
  readonly stats: QueryStats;
  /** Counts what is made of the value, against the limit of the query. */
  readonly memory: MemoryMeter;
}
