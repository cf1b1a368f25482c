import { gzipSync } from 'node:zlib';
import {
  type EncodeOptions,
  encodeOpenMetrics,
  encodeText,
  type ExpositionFamily,
  type ExpositionSample,
} from '../../formats/exposition/index.ts';
import { formatGoFloat } from '../../formats/index.ts';
import {
  CUSTOM_BUCKETS_SCHEMA,
  type FloatHistogram,
  isStaleAt,
  Labels,
  METRIC_NAME,
  type MetricType,
  SampleColumns,
} from '../../model/index.ts';
import { parseMetricSelector, type QueryTask, type TaskContext } from '../../query/index.ts';
import type { SeriesSet } from '../../storage/api.ts';
import { compareUtf8 } from '../../util/index.ts';
import { bytesAnswer, withSeries } from './select-series.ts';

/** What federation takes; plain data, as it goes to a worker. */
export interface FederateInput {
  /** Selectors as texts. */
  readonly selectors: readonly string[];
  /** The newest samples not after this time, and not older than the lookback. */
  readonly timeMs: number;
  /** name, value, …: labels that all samples carry, except where a series has its own. */
  readonly externalLabels: readonly string[];
  readonly format: 'text' | 'openmetrics';
  readonly escaping: NonNullable<EncodeOptions['escaping']>;
  readonly isGzipped: boolean;
}

/** One series with its newest sample. */
interface Latest {
  readonly labels: Labels;
  readonly timestamp: number;
  readonly value: number;
  readonly histogram: FloatHistogram | undefined;
}

/** The newest samples of series, as an exposition with timestamps. */
export const federateTask: QueryTask = async (given, context) => {
  const input = given as FederateInput;
  const latest = await newestSamples(input, context);
  const families = familiesOf(latest, externalLabelsOf(input));
  const encode = input.format === 'text' ? encodeText : encodeOpenMetrics;
  const text = encode(families, { escaping: input.escaping });
  const bytes = input.isGzipped ? gzipSync(text, { level: 1 }) : Buffer.from(text);
  return bytesAnswer(new Uint8Array(bytes));
};

/** In order of the metric name. */
async function newestSamples(
  { selectors, timeMs }: FederateInput,
  context: TaskContext,
): Promise<Latest[]> {
  const hints = {
    minTime: timeMs - context.options.lookback_ms,
    maxTime: timeMs,
    maxSamples: context.options.max_samples,
    maxSeries: context.options.max_series,
    lookupTimes: Float64Array.of(timeMs),
  };
  const bySeries = new Map<string, Latest>();
  const columns = new SampleColumns();
  for (const selector of selectors) {
    await withSeries(context, parseMetricSelector(selector), hints, (set) => {
      for (let index = 0; index < set.length; index++) {
        const newest = newestOf(set, index, timeMs, columns);
        if (newest !== undefined) bySeries.set(newest.labels.key, newest);
      }
    });
  }
  return [...bySeries.values()].sort(
    (a, b) => compareUtf8(a.labels.metricName, b.labels.metricName) || a.labels.compare(b.labels),
  );
}

/** Undefined where the series has ended: expositions know no staleness markers. */
function newestOf(
  set: SeriesSet,
  index: number,
  timeMs: number,
  columns: SampleColumns,
): Latest | undefined {
  columns.reset();
  if (set.latest === undefined) set.samples(index, columns);
  else set.latest(index, timeMs, columns);
  const labels = set.labels(index);
  const last = columns.length - 1;
  const floatTime = last < 0 ? -Infinity : (columns.timestamps[last] ?? -Infinity);
  const sample = set.histograms(index).at(-1);
  if (sample !== undefined && sample.timestamp >= floatTime) {
    const { timestamp, histogram } = sample;
    return histogram === undefined ? undefined : { labels, timestamp, value: 0, histogram };
  }
  if (last < 0 || isStaleAt(columns.words, last)) return undefined;
  return { labels, timestamp: floatTime, value: columns.values[last] ?? NaN, histogram: undefined };
}

// An empty instance, where a series has none: so the reader does not put in our address.
function externalLabelsOf({ externalLabels }: FederateInput): Map<string, string> {
  const external = new Map([['instance', '']]);
  for (const [name, value] of Labels.fromPairs(externalLabels)) external.set(name, value);
  return new Map([...external].sort(([a], [b]) => compareUtf8(a, b)));
}

type FamilyKind = 'unknown' | 'histogram' | 'gaugehistogram';

/** Families in order; a name with both floats and histograms makes several. */
function familiesOf(
  latest: readonly Latest[],
  external: ReadonlyMap<string, string>,
): ExpositionFamily[] {
  const families: { name: string; type: MetricType; samples: ExpositionSample[] }[] = [];
  for (const one of latest) {
    const name = one.labels.metricName;
    const kind = kindOf(one.histogram);
    if (name === '' || kind === undefined) continue;
    let family = families.at(-1);
    if (family?.name !== name || family.type !== kind) {
      family = { name, type: kind, samples: [] };
      families.push(family);
    }
    family.samples.push(...samplesOf(one, pairsOf(one.labels, external)));
  }
  return families.map((family) => ({ ...family, help: '', unit: '' }));
}

/** Undefined for exponential histograms: text has no form for them. */
function kindOf(histogram: FloatHistogram | undefined): FamilyKind | undefined {
  if (histogram === undefined) return 'unknown';
  if (histogram.schema !== CUSTOM_BUCKETS_SCHEMA) return undefined;
  return histogram.counterReset === 'gauge' ? 'gaugehistogram' : 'histogram';
}

function pairsOf(labels: Labels, external: ReadonlyMap<string, string>): string[] {
  const pairs: string[] = [];
  for (const [name, value] of labels) if (name !== METRIC_NAME) pairs.push(name, value);
  for (const [name, value] of external) if (!labels.has(name)) pairs.push(name, value);
  return pairs;
}

function samplesOf(
  { labels, timestamp, value, histogram }: Latest,
  labelPairs: readonly string[],
): ExpositionSample[] {
  const name = labels.metricName;
  if (histogram === undefined) return [{ name, labelPairs, value, timestamp }];
  const bucket = (bound: number, count: number): ExpositionSample => ({
    name: `${name}_bucket`,
    labelPairs: [...labelPairs, 'le', formatGoFloat(bound)],
    value: count,
    timestamp,
  });
  return [
    ...cumulativeCounts(histogram).map((count, index) =>
      bucket(histogram.customValues[index] ?? Infinity, count),
    ),
    bucket(Infinity, histogram.count),
    { name: `${name}_sum`, labelPairs, value: histogram.sum, timestamp },
    { name: `${name}_count`, labelPairs, value: histogram.count, timestamp },
  ];
}

/** One for each of the histogram's own bounds. */
function cumulativeCounts({
  customValues,
  positiveSpans,
  positiveBuckets,
}: FloatHistogram): number[] {
  const counts = new Array<number>(customValues.length).fill(0);
  let bound = 0;
  let next = 0;
  for (const { offset, length } of positiveSpans) {
    bound += offset;
    for (let bucket = 0; bucket < length; bucket++, bound++) {
      if (bound < counts.length) counts[bound] = positiveBuckets[next] ?? 0;
      next++;
    }
  }
  let sum = 0;
  return counts.map((count) => {
    sum += count;
    return sum;
  });
}
