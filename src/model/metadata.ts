export type MetricType =
  | 'counter'
  | 'gauge'
  | 'histogram'
  | 'gaugehistogram'
  | 'summary'
  | 'info'
  | 'stateset'
  | 'unknown';

/** What an exposition or a sender says of a metric family. */
export interface Metadata {
  readonly type: MetricType;
  readonly help: string;
  readonly unit: string;
}

/** A sample's example trace: OpenMetrics 1.0, at most 128 characters of labels. */
export interface Exemplar {
  /** name, value, name, value, … */
  readonly labelPairs: readonly string[];
  readonly value: number;
  /** Milliseconds; undefined where the exposition gave none. */
  readonly timestamp: number | undefined;
}
