/** Shapes of the Prometheus HTTP API, as far as the page reads them. */

/** Label names to values; the metric name is under `__name__`. */
export type Labels = Record<string, string>;

/** Unix seconds and the value as the server prints it (`NaN`, `+Inf` and `-Inf` included). */
export type SamplePair = [number, string];

/** Native histogram as the API prints it; buckets are `[boundary rule, lower, upper, count]`. */
export interface HistogramValue {
  count: string;
  sum: string;
  buckets?: [number, string, string, string][];
}

/** One series of an instant vector: a float or a histogram, never both. */
export interface VectorEntry {
  metric: Labels;
  value?: SamplePair;
  histogram?: [number, HistogramValue];
}

/** One series of a matrix; either list may be absent. */
export interface MatrixEntry {
  metric: Labels;
  values?: SamplePair[];
  histograms?: [number, HistogramValue][];
}

/** What an evaluation took, with `stats=all`. */
export interface QueryStats {
  samples: { totalQueryableSamples: number; peakSamples: number };
}

/** Data part of `query` and `query_range`. */
export type QueryData = (
  | { resultType: 'vector'; result: VectorEntry[] }
  | { resultType: 'matrix'; result: MatrixEntry[] }
  | { resultType: 'scalar'; result: SamplePair }
  | { resultType: 'string'; result: SamplePair }
) & { stats?: QueryStats };

/** An operator of a query's plan with those that feed it. */
export interface PlanNode {
  operator: string;
  /** The operator's own name and arguments. */
  detail: string;
  /** Its place in the expression, in UTF-16 units; the end is exclusive. */
  start: number;
  end: number;
  /** Evaluated once, as it is the same at every step. */
  isInvariant: boolean;
  steps: number;
  measured?: PlanFigures;
  children: PlanNode[];
}

/** What one operator took and gave. */
export interface PlanFigures {
  /** Without the operators below it. */
  ownMs: number;
  totalMs: number;
  series: number;
  samples: number;
  /** From storage, by this operator and those below it. */
  seriesRead: number;
  samplesRead: number;
}

/** Data part of `analyze`. */
export interface Analysis {
  plan: PlanNode;
  stats: Record<string, number>;
}

/** Data part of `features`, as far as the page reads it. */
export interface Features {
  promql_functions?: Record<string, boolean>;
}

/** TYPE, HELP and UNIT of one metric family from `metadata`. */
export interface MetricMetadata {
  type: string;
  help: string;
  unit: string;
}

/** Data part of `status/buildinfo`. */
export interface BuildInfo {
  version: string;
  revision?: string;
  [field: string]: string | undefined;
}

/** Data part of `status/runtimeinfo`; fields beyond `startTime` differ between servers. */
export interface RuntimeInfo {
  startTime: string;
  [field: string]: string | number | boolean | undefined;
}

/** An answer together with what the server remarked about it. */
export interface Answer<T> {
  data: T;
  warnings: string[];
  infos: string[];
}
