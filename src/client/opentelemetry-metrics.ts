import { type FloatHistogram, formatFloat } from '../model/index.ts';
import { customHistogram, exponentialHistogram } from './native-histogram.ts';
import { labelNameOf, metricNameOf } from './opentelemetry-names.ts';
import type { RegistryMetric, RegistryValue } from './types.ts';

// What OpenTelemetry's SDK hands to a reader, as far as it is looked at: shapes of its own, so that
// nothing here depends on its packages.

export interface OpenTelemetryCollection {
  readonly resourceMetrics: {
    readonly resource: { readonly attributes: Readonly<Record<string, unknown>> };
    readonly scopeMetrics: readonly OpenTelemetryScopeMetrics[];
  };
  readonly errors: readonly unknown[];
}

export interface OpenTelemetryScopeMetrics {
  readonly scope: { readonly name: string; readonly version?: string };
  readonly metrics: readonly OpenTelemetryMetric[];
}

export interface OpenTelemetryMetric {
  readonly descriptor: {
    readonly name: string;
    readonly description: string;
    readonly unit: string;
  };
  /** 0: histogram, 1: exponential histogram, 2: gauge, 3: sum. */
  readonly dataPointType: number;
  /** Of sums. */
  readonly isMonotonic?: boolean;
  readonly dataPoints: readonly {
    readonly attributes: Readonly<Record<string, unknown>>;
    readonly value: unknown;
  }[];
}

export interface OpenTelemetryHistogram {
  readonly buckets: { readonly boundaries: readonly number[]; readonly counts: readonly number[] };
  readonly sum?: number;
  readonly count: number;
}

export interface OpenTelemetryBuckets {
  readonly offset: number;
  readonly bucketCounts: readonly number[];
}

export interface OpenTelemetryExponentialHistogram {
  readonly scale: number;
  readonly zeroCount: number;
  readonly count: number;
  readonly sum?: number;
  readonly positive: OpenTelemetryBuckets;
  readonly negative: OpenTelemetryBuckets;
}

const HISTOGRAM = 0;
const EXPONENTIAL_HISTOGRAM = 1;
const SUM = 3;

type Labels = Readonly<Record<string, string>>;

export interface ConversionOptions {
  /** Labels `otel_scope_name` and `otel_scope_version` on every series. */
  readonly scopeLabels: boolean;
  /** Series `target_info` with the attributes of the resource as labels. */
  readonly targetInfo: boolean;
  /**
   * Histograms go as native ones: exponential buckets where the view says so, else custom ones.
   * Otherwise as classic ones.
   */
  readonly nativeHistograms: boolean;
}

/** What was collected, as a registry of prom-client would list it. */
export function registryMetricsOf(
  { resourceMetrics }: OpenTelemetryCollection,
  { scopeLabels, targetInfo, nativeHistograms }: ConversionOptions,
): RegistryMetric[] {
  const { resource, scopeMetrics } = resourceMetrics;
  const metrics: RegistryMetric[] = [];
  const attributes = labelsOf(resource.attributes);
  if (targetInfo && Object.keys(attributes).length > 0) {
    const help = 'Attributes of the resource.';
    const values = [{ value: 1, labels: attributes }];
    metrics.push({ name: 'target_info', help, type: 'gauge', values });
  }
  for (const { scope, metrics: collected } of scopeMetrics) {
    const labels = scopeLabels ? scopeLabelsOf(scope) : {};
    for (const metric of collected) metrics.push(metricOf(metric, labels, nativeHistograms));
  }
  return metrics;
}

function scopeLabelsOf({ name, version = '' }: OpenTelemetryScopeMetrics['scope']): Labels {
  const named = name === '' ? {} : { otel_scope_name: name };
  return version === '' ? named : { ...named, otel_scope_version: version };
}

function metricOf(
  metric: OpenTelemetryMetric,
  scope: Labels,
  nativeHistograms: boolean,
): RegistryMetric {
  const { descriptor, dataPointType, dataPoints } = metric;
  const isHistogram = dataPointType === HISTOGRAM || dataPointType === EXPONENTIAL_HISTOGRAM;
  const isCounter = dataPointType === SUM && metric.isMonotonic === true;
  const type = isHistogram ? 'histogram' : isCounter ? 'counter' : 'gauge';
  const name = metricNameOf(descriptor.name, descriptor.unit, type);
  const values: RegistryValue[] = [];
  for (const { attributes, value } of dataPoints) {
    const labels = { ...labelsOf(attributes), ...scope };
    const histogram = nativeHistograms && isHistogram ? nativeOf(dataPointType, value) : undefined;
    if (histogram !== undefined) {
      values.push({ value: histogram.count, labels, histogram });
    } else if (dataPointType === HISTOGRAM) {
      addHistogram(name, labels, value as OpenTelemetryHistogram, values);
    } else if (dataPointType === EXPONENTIAL_HISTOGRAM) {
      addExponential(name, labels, value as OpenTelemetryExponentialHistogram, values);
    } else if (typeof value === 'number') {
      values.push({ value, labels });
    }
  }
  return { name, help: descriptor.description, type, values };
}

/** Undefined where it can be none. */
function nativeOf(dataPointType: number, value: unknown): FloatHistogram | undefined {
  return dataPointType === HISTOGRAM
    ? customHistogram(value as OpenTelemetryHistogram)
    : exponentialHistogram(value as OpenTelemetryExponentialHistogram);
}

/** Attributes whose names become the same label share it: their values, by name, joined by `;`. */
function labelsOf(attributes: Readonly<Record<string, unknown>>): Labels {
  const labels: Record<string, string> = {};
  for (const key of Object.keys(attributes).toSorted()) {
    const value = attributes[key];
    if (value === undefined || value === null) continue;
    const text = typeof value === 'string' ? value : JSON.stringify(value);
    const name = labelNameOf(key);
    labels[name] = Object.hasOwn(labels, name) ? `${labels[name]};${text}` : text;
  }
  return labels;
}

function addHistogram(
  name: string,
  labels: Labels,
  { buckets, count, sum }: OpenTelemetryHistogram,
  into: RegistryValue[],
): void {
  let below = 0;
  const bounds: [number, number][] = buckets.boundaries.map((bound, index) => {
    below += buckets.counts[index] ?? 0;
    return [bound, below];
  });
  addBuckets(name, labels, { bounds, count, sum }, into);
}

function addBuckets(
  name: string,
  labels: Labels,
  histogram: {
    /** Upper bound and how many are not above it, ascending. */
    readonly bounds: readonly (readonly [number, number])[];
    readonly count: number;
    readonly sum: number | undefined;
  },
  into: RegistryValue[],
): void {
  const { bounds, count, sum } = histogram;
  const metricName = `${name}_bucket`;
  for (const [bound, below] of bounds) {
    into.push({ metricName, value: below, labels: { ...labels, le: formatFloat(bound) } });
  }
  into.push({ metricName, value: count, labels: { ...labels, le: '+Inf' } });
  into.push({ metricName: `${name}_count`, value: count, labels });
  if (sum !== undefined) into.push({ metricName: `${name}_sum`, value: sum, labels });
}

/**
 * As classic buckets whose bounds are powers of two: those an exponential histogram of scale 0 has,
 * or fewer of a coarser one. So bounds stay the same while the SDK changes its scale, and counts
 * are exact.
 */
function addExponential(
  name: string,
  labels: Labels,
  histogram: OpenTelemetryExponentialHistogram,
  into: RegistryValue[],
): void {
  const { scale, zeroCount, count, sum, positive, negative } = histogram;
  const fine = 2 ** Math.max(0, scale);
  const coarse = 2 ** Math.max(0, -scale);
  const counts = new Map<number, number>();
  const add = (bound: number, number: number): void => {
    if (number > 0) counts.set(bound, (counts.get(bound) ?? 0) + number);
  };
  // Bucket i holds what is above base^i and up to base^(i + 1); of negative ones, mirrored.
  for (const [at, number] of negative.bucketCounts.entries()) {
    add(-(2 ** (Math.floor((negative.offset + at) / fine) * coarse)), number);
  }
  add(0, zeroCount);
  for (const [at, number] of positive.bucketCounts.entries()) {
    add(2 ** ((Math.floor((positive.offset + at) / fine) + 1) * coarse), number);
  }
  let below = 0;
  const bounds = [...counts]
    .toSorted(([a], [b]) => a - b)
    .map(([bound, number]): [number, number] => {
      below += number;
      return [bound, below];
    })
    .filter(([bound]) => bound < Infinity);
  addBuckets(name, labels, { bounds, count, sum }, into);
}
