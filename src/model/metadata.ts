/**
 * The types of metric families. The index is the number that remote write, Prometheus's log and our
 * own log give the type: new ones go to the end.
 */
export const METRIC_TYPES = [
  'unknown',
  'counter',
  'gauge',
  'histogram',
  'gaugehistogram',
  'summary',
  'info',
  'stateset',
] as const;
export type MetricType = (typeof METRIC_TYPES)[number];

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
