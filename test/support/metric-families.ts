import { readFileSync } from 'node:fs';
import protobuf from 'protobufjs';
import type { Exemplar, FloatHistogram } from '../../src/model/index.ts';
import type { ProtoFamily } from '../../src/formats/index.ts';
import { conformancePath } from './conformance-data.ts';

/** A label of an `io.prometheus.client` message; parts left out are as if not sent. */
export interface PairMessage {
  readonly name?: string;
  readonly value?: string;
}

export interface ExemplarMessage {
  readonly label?: readonly PairMessage[];
  readonly value?: number;
  readonly timestamp?: { readonly seconds?: number; readonly nanos?: number };
}

export interface HistogramMessage {
  readonly sample_count?: number;
  readonly sample_count_float?: number;
  readonly sample_sum?: number;
  readonly bucket?: readonly {
    readonly cumulative_count?: number;
    readonly cumulative_count_float?: number;
    readonly upper_bound?: number;
    readonly exemplar?: ExemplarMessage;
  }[];
  readonly schema?: number;
  readonly zero_threshold?: number;
  readonly zero_count?: number;
  readonly zero_count_float?: number;
  readonly negative_span?: readonly { readonly offset?: number; readonly length?: number }[];
  readonly negative_delta?: readonly number[];
  readonly negative_count?: readonly number[];
  readonly positive_span?: readonly { readonly offset?: number; readonly length?: number }[];
  readonly positive_delta?: readonly number[];
  readonly positive_count?: readonly number[];
  readonly exemplars?: readonly ExemplarMessage[];
}

export interface MetricMessage {
  readonly label?: readonly PairMessage[];
  readonly gauge?: { readonly value?: number };
  readonly counter?: {
    readonly value?: number;
    readonly exemplar?: ExemplarMessage;
    readonly created_timestamp?: { readonly seconds: number };
  };
  readonly summary?: {
    readonly sample_count?: number;
    readonly sample_sum?: number;
    readonly quantile?: readonly { readonly quantile?: number; readonly value?: number }[];
  };
  readonly untyped?: { readonly value?: number };
  readonly histogram?: HistogramMessage;
  readonly timestamp_ms?: number;
}

export interface FamilyMessage {
  readonly name?: string;
  readonly help?: string;
  readonly type?: 'COUNTER' | 'GAUGE' | 'SUMMARY' | 'UNTYPED' | 'HISTOGRAM' | 'GAUGE_HISTOGRAM';
  readonly metric?: readonly MetricMessage[];
  readonly unit?: string;
}

// `Type: field = number type …`, `*` for repeated: what `metrics.proto` of client_model defines.
const FIELDS: Readonly<Record<string, string>> = {
  LabelPair: 'name=1 string, value=2 string',
  Timestamp: 'seconds=1 int64, nanos=2 int32',
  Exemplar: 'label=1 *LabelPair, value=2 double, timestamp=3 Timestamp',
  Gauge: 'value=1 double',
  Counter: 'value=1 double, exemplar=2 Exemplar, created_timestamp=3 Timestamp',
  Quantile: 'quantile=1 double, value=2 double',
  Summary: 'sample_count=1 uint64, sample_sum=2 double, quantile=3 *Quantile',
  Untyped: 'value=1 double',
  Bucket:
    'cumulative_count=1 uint64, upper_bound=2 double, exemplar=3 Exemplar, ' +
    'cumulative_count_float=4 double',
  BucketSpan: 'offset=1 sint32, length=2 uint32',
  Histogram:
    'sample_count=1 uint64, sample_sum=2 double, bucket=3 *Bucket, sample_count_float=4 double, ' +
    'schema=5 sint32, zero_threshold=6 double, zero_count=7 uint64, zero_count_float=8 double, ' +
    'negative_span=9 *BucketSpan, negative_delta=10 *sint64, negative_count=11 *double, ' +
    'positive_span=12 *BucketSpan, positive_delta=13 *sint64, positive_count=14 *double, ' +
    'exemplars=16 *Exemplar',
  Metric:
    'label=1 *LabelPair, gauge=2 Gauge, counter=3 Counter, summary=4 Summary, untyped=5 Untyped, ' +
    'timestamp_ms=6 int64, histogram=7 Histogram',
  MetricFamily: 'name=1 string, help=2 string, type=3 MetricType, metric=4 *Metric, unit=5 string',
};

const TYPE_NAMES = ['COUNTER', 'GAUGE', 'SUMMARY', 'UNTYPED', 'HISTOGRAM', 'GAUGE_HISTOGRAM'];

let ownType: protobuf.Type | undefined;

function familyType(): protobuf.Type {
  ownType ??= defineFamily();
  return ownType;
}

function defineFamily(): protobuf.Type {
  const root = new protobuf.Root();
  const values = Object.fromEntries(TYPE_NAMES.map((name, number) => [name, number]));
  root.add(new protobuf.Enum('MetricType', values));
  for (const [name, fields] of Object.entries(FIELDS)) {
    const type = new protobuf.Type(name);
    for (const text of fields.split(', ')) {
      const [, field = '', number, repeated, kind = ''] =
        /^(\w+)=(\d+) (\*?)(\w+)$/.exec(text) ?? [];
      const rule = repeated === '*' ? 'repeated' : 'optional';
      type.add(new protobuf.Field(field, Number(number), kind, rule));
    }
    root.add(type);
  }
  return root.lookupType('MetricFamily');
}

/** Families as Go programs push them: each message after its length. */
export function familiesBody(
  families: readonly FamilyMessage[],
  type: protobuf.Type = familyType(),
): Buffer {
  return Buffer.concat(
    families.map((family) => type.encodeDelimited(type.fromObject(family)).finish()),
  );
}

/** The type that client_model's own definition in the conformance data gives (area `protos`). */
export function clientModelFamily(): protobuf.Type {
  const root = new protobuf.Root();
  const time = 'syntax = "proto3"; package google.protobuf; message Timestamp ';
  protobuf.parse(`${time} { int64 seconds = 1; int32 nanos = 2; }`, root, { keepCase: true });
  const file = `${conformancePath('protos')}/client_model/io/prometheus/client/metrics.proto`;
  const text = readFileSync(file, 'utf8').replaceAll(/^import .*$/gm, '');
  protobuf.parse(text, root, { keepCase: true });
  return root.lookupType('io.prometheus.client.MetricFamily');
}

/** What protobufjs reads of a body, by a definition; the one here where none is given. */
export function readFamilies(
  bytes: Uint8Array,
  type: protobuf.Type = familyType(),
): FamilyMessage[] {
  const reader = protobuf.Reader.create(bytes);
  const families: FamilyMessage[] = [];
  while (reader.pos < reader.len) {
    const message = type.decodeDelimited(reader);
    families.push(type.toObject(message, { longs: Number, enums: String }));
  }
  return families;
}

/** What our decoder should make of messages, a line a family, sample or native histogram. */
export function describeMessages(families: readonly FamilyMessage[]): string[] {
  return families.flatMap((family) => {
    const { name = '', type = 'COUNTER', help = '', unit = '' } = family;
    return [
      `family ${JSON.stringify([name, TYPE_WORDS[type], help, unit])}`,
      ...(family.metric ?? []).flatMap((metric) => metricLines(name, type, metric)),
      ...(family.metric ?? []).flatMap((metric) => nativeLines(name, type, metric)),
    ];
  });
}

const TYPE_WORDS = {
  COUNTER: 'counter',
  GAUGE: 'gauge',
  SUMMARY: 'summary',
  UNTYPED: 'unknown',
  HISTOGRAM: 'histogram',
  GAUGE_HISTOGRAM: 'gaugehistogram',
} as const;

function metricLines(name: string, type: string, metric: MetricMessage): string[] {
  const { timestamp_ms: timestamp } = metric;
  const labels = pairsOf(metric.label);
  const line = (
    suffix: string,
    value = 0,
    part: readonly (string | number)[] = [],
    exemplar?: ExemplarMessage,
  ): string => sampleLine(name + suffix, [...labels, ...part], value, timestamp, of(exemplar));
  const { counter, gauge, untyped, summary, histogram } = metric;
  if (type === 'COUNTER') return [line('', counter?.value, [], counter?.exemplar)];
  if (type === 'GAUGE') return [line('', gauge?.value)];
  if (type === 'UNTYPED') return [line('', untyped?.value)];
  if (type === 'SUMMARY') {
    const parts = (summary?.quantile ?? []).map(({ quantile = 0, value }) =>
      line('', value, ['quantile', quantile]),
    );
    return [...parts, line('_sum', summary?.sample_sum), line('_count', summary?.sample_count)];
  }
  const buckets = histogram?.bucket ?? [];
  if (isNative(histogram) && buckets.length === 0) return [];
  const count = histogram?.sample_count_float || histogram?.sample_count;
  const lines = buckets.map((bucket) =>
    line(
      '_bucket',
      bucket.cumulative_count_float || bucket.cumulative_count,
      ['le', bucket.upper_bound ?? 0],
      bucket.exemplar,
    ),
  );
  const isOpen = buckets.every((bucket) => bucket.upper_bound !== Infinity);
  if (isOpen) lines.push(line('_bucket', count, ['le', Infinity]));
  return [...lines, line('_sum', histogram?.sample_sum), line('_count', count)];
}

function isNative(histogram: HistogramMessage | undefined): boolean {
  const spans = [...(histogram?.positive_span ?? []), ...(histogram?.negative_span ?? [])];
  const { zero_threshold, zero_count, zero_count_float } = histogram ?? {};
  return spans.length > 0 || Boolean(zero_threshold || zero_count || zero_count_float);
}

function nativeLines(name: string, type: string, metric: MetricMessage): string[] {
  const { histogram, timestamp_ms: timestamp } = metric;
  if (histogram === undefined || !type.endsWith('HISTOGRAM') || !isNative(histogram)) return [];
  const { positive_count = [], negative_count = [] } = histogram;
  const isFloat = Boolean(
    histogram.sample_count_float ||
      histogram.zero_count_float ||
      positive_count.length > 0 ||
      negative_count.length > 0,
  );
  const whole: FloatHistogram = {
    counterReset: type === 'HISTOGRAM' ? 'unknown' : 'gauge',
    schema: histogram.schema ?? 0,
    zeroThreshold: histogram.zero_threshold ?? 0,
    zeroCount: histogram.zero_count_float || (histogram.zero_count ?? 0),
    count: histogram.sample_count_float || (histogram.sample_count ?? 0),
    sum: histogram.sample_sum ?? 0,
    positiveSpans: spansOf(histogram.positive_span),
    positiveBuckets: isFloat ? positive_count : runningSums(histogram.positive_delta),
    negativeSpans: spansOf(histogram.negative_span),
    negativeBuckets: isFloat ? negative_count : runningSums(histogram.negative_delta),
    customValues: [],
  };
  const exemplars = (histogram.exemplars ?? []).map((one) => exemplarText(of(one)));
  const labels = JSON.stringify(pairsOf(metric.label));
  return [`native ${name} ${labels} ${histogramText(whole)} ${timestamp} ${exemplars.join()}`];
}

/** Spans as they are without those of no buckets: those count for the gap. */
function spansOf(
  spans: readonly { readonly offset?: number; readonly length?: number }[] = [],
): { offset: number; length: number }[] {
  const kept: { offset: number; length: number }[] = [];
  let end = 0;
  let position = 0;
  for (const { offset = 0, length = 0 } of spans) {
    position += offset;
    if (length > 0) kept.push({ offset: position - end, length });
    position += length;
    if (length > 0) end = position;
  }
  return kept;
}

function runningSums(deltas: readonly number[] = []): number[] {
  return deltas.map((_, index) => deltas.slice(0, index + 1).reduce((sum, one) => sum + one, 0));
}

/** What the decoder made of a body, in lines as `describeMessages` gives them. */
export function describeFamilies(families: readonly ProtoFamily[]): string[] {
  return families.flatMap(({ name, type, help, unit, samples, nativeHistograms }) => [
    `family ${JSON.stringify([name, type, help, unit])}`,
    ...samples.map(({ name: sampleName, labelPairs, value, timestamp, exemplar }) => {
      const labels = labelPairs.map((text, index) => {
        const isBound = /^(?:le|quantile)$/.test(labelPairs[index - 1] ?? '') && index % 2 === 1;
        return isBound
          ? Number(text.replace('+Inf', 'Infinity').replace('-Inf', '-Infinity'))
          : text;
      });
      return sampleLine(sampleName, labels, value, timestamp, exemplar);
    }),
    ...nativeHistograms.map(({ labelPairs, histogram, timestamp, exemplars }) => {
      const shown = exemplars.map(exemplarText).join();
      const labels = JSON.stringify(labelPairs);
      return `native ${name} ${labels} ${histogramText(histogram)} ${timestamp} ${shown}`;
    }),
  ]);
}

function sampleLine(
  name: string,
  labels: readonly (string | number)[],
  value: number,
  timestamp: number | undefined,
  exemplar: Exemplar | undefined,
): string {
  const shown = labels.map((one) => (typeof one === 'number' ? String(one) : JSON.stringify(one)));
  const number = Object.is(value, -0) ? '-0' : String(value);
  return `${name} [${shown.join()}] ${number} ${timestamp} ${exemplarText(exemplar)}`;
}

function pairsOf(labels: readonly PairMessage[] = []): string[] {
  return labels.flatMap(({ name = '', value = '' }) => [name, value]);
}

function of(exemplar: ExemplarMessage | undefined): Exemplar | undefined {
  if (exemplar === undefined) return undefined;
  const { label, value = 0, timestamp } = exemplar;
  const { seconds = 0, nanos = 0 } = timestamp ?? {};
  const milliseconds = seconds * 1000 + Math.floor(nanos / 1e6);
  const labelPairs = pairsOf(label);
  return { labelPairs, value, timestamp: timestamp === undefined ? undefined : milliseconds };
}

function exemplarText(exemplar: Exemplar | undefined): string {
  if (exemplar === undefined) return '';
  return `${JSON.stringify(exemplar.labelPairs)} ${exemplar.value} ${exemplar.timestamp}`;
}

function histogramText(histogram: FloatHistogram): string {
  return JSON.stringify(histogram, (_, value: unknown) =>
    typeof value === 'number' && !Number.isFinite(value) ? String(value) : value,
  );
}
