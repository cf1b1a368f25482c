import { type FloatHistogram, formatFloat, formatSeconds, type Labels } from '../model/index.ts';
import { allBuckets, type Bucket } from './functions/histogram/buckets.ts';
import { jsonString, JsonWriter } from './json-writer.ts';
import type { HistogramPoint, MatrixSeries, QueryStats, QueryValue } from './result.ts';

/** What goes with a value into the `data` of an API answer. */
export interface DataOptions {
  /** Written as `stats` where given; `queueMs` is the time waited for a worker. */
  readonly stats?: (QueryStats & { readonly queueMs: number }) | undefined;
}

/** The `data` of Prometheus's query API, byte for byte, for one value. */
export function encodeQueryData(
  value: QueryValue,
  { stats }: DataOptions = {},
): Uint8Array<ArrayBuffer> {
  const writer = new JsonWriter();
  writer.write(`{"resultType":"${value.kind}","result":`);
  writeResult(writer, value);
  if (stats !== undefined) writer.write(`,"stats":${statsJson(stats)}`);
  writer.write('}');
  return writer.finish();
}

/** A list of label sets, as `/api/v1/series` gives it. */
export function encodeSeries(series: readonly Labels[]): Uint8Array<ArrayBuffer> {
  const writer = new JsonWriter();
  writer.write('[');
  for (const [index, labels] of series.entries()) {
    if (index > 0) writer.write(',');
    writeLabels(writer, labels);
  }
  writer.write(']');
  return writer.finish();
}

/** A list of names or values. */
export function encodeTexts(texts: readonly string[]): Uint8Array<ArrayBuffer> {
  const writer = new JsonWriter();
  writer.write('[');
  for (const [index, text] of texts.entries()) {
    writer.write(index > 0 ? `,${jsonString(text)}` : jsonString(text));
  }
  writer.write(']');
  return writer.finish();
}

function writeResult(writer: JsonWriter, value: QueryValue): void {
  switch (value.kind) {
    case 'scalar':
      writer.write(`[${formatSeconds(value.timestamp)},"${formatFloat(value.value)}"]`);
      return;
    case 'string':
      writer.write(`[${formatSeconds(value.timestamp)},${jsonString(value.value)}]`);
      return;
    case 'vector':
      writeVector(writer, value);
      return;
    default:
      writeMatrix(writer, value.series);
  }
}

function writeVector(writer: JsonWriter, value: Extract<QueryValue, { kind: 'vector' }>): void {
  const time = formatSeconds(value.timestamp);
  writer.write('[');
  for (const [index, { labels, value: number, histogram }] of value.elements.entries()) {
    writer.write(index > 0 ? ',{"metric":' : '{"metric":');
    writeLabels(writer, labels);
    if (histogram === undefined) writer.write(`,"value":[${time},"${formatFloat(number)}"]}`);
    else {
      writer.write(`,"histogram":[${time},`);
      writeHistogram(writer, histogram);
      writer.write(']}');
    }
  }
  writer.write(']');
}

function writeMatrix(writer: JsonWriter, all: readonly MatrixSeries[]): void {
  // Most series of an answer share their times.
  const heads = new PointHeads();
  writer.write('[');
  for (const [index, series] of all.entries()) {
    writer.write(index > 0 ? ',{"metric":' : '{"metric":');
    writeLabels(writer, series.labels);
    if (series.timestamps.length > 0) {
      writer.write(',"values":[');
      writePoints(writer, heads.of(series.timestamps), series.values);
      writer.write(']');
    }
    if (series.histograms.length > 0) writeHistogramPoints(writer, series.histograms);
    writer.write('}');
  }
  writer.write(']');
}

function writePoints(writer: JsonWriter, heads: readonly string[], values: Float64Array): void {
  for (let index = 0; index < heads.length; index++) {
    writer.write(`${heads[index] ?? ''}${formatFloat(values[index] ?? NaN)}"]`);
  }
}

function writeHistogramPoints(writer: JsonWriter, points: readonly HistogramPoint[]): void {
  writer.write(',"histograms":[');
  for (const [index, { timestamp, histogram }] of points.entries()) {
    writer.write(`${index > 0 ? ',' : ''}[${formatSeconds(timestamp)},`);
    writeHistogram(writer, histogram);
    writer.write(']');
  }
  writer.write(']');
}

/** The text of each point up to its value, kept for as long as the times stay the same. */
class PointHeads {
  #times: Float64Array | undefined;
  #heads: readonly string[] = [];

  of(times: Float64Array): readonly string[] {
    if (times !== this.#times) {
      this.#times = times;
      this.#heads = Array.from(
        times,
        (time, index) => `${index > 0 ? ',' : ''}[${formatSeconds(time)},"`,
      );
    }
    return this.#heads;
  }
}

function writeLabels(writer: JsonWriter, { pairs }: Labels): void {
  let text = '{';
  for (let index = 0; index < pairs.length; index += 2) {
    if (index > 0) text += ',';
    text += `${jsonString(pairs[index] ?? '')}:${jsonString(pairs[index + 1] ?? '')}`;
  }
  writer.write(`${text}}`);
}

function writeHistogram(writer: JsonWriter, histogram: FloatHistogram): void {
  const { count, sum } = histogram;
  writer.write(`{"count":"${formatFloat(count)}","sum":"${formatFloat(sum)}"`);
  const buckets = allBuckets(histogram).filter((bucket) => bucket.count !== 0);
  if (buckets.length > 0) writer.write(`,"buckets":[${buckets.map(bucketJson).join(',')}]`);
  writer.write('}');
}

/** Rules of a bucket's bounds: open left, open right, open, closed. */
function boundaryRule({ lowerInclusive, upperInclusive }: Bucket): number {
  if (lowerInclusive) return upperInclusive ? 3 : 1;
  return upperInclusive ? 0 : 2;
}

function bucketJson(bucket: Bucket): string {
  const { lower, upper, count } = bucket;
  const numbers = [lower, upper, count].map((value) => `"${formatFloat(value)}"`);
  return `[${boundaryRule(bucket)},${numbers.join(',')}]`;
}

function statsJson(stats: QueryStats & { readonly queueMs: number }): string {
  const seconds = (durationMs: number): number => durationMs / 1000;
  return JSON.stringify({
    timings: {
      evalTotalTime: seconds(stats.totalMs),
      resultSortTime: 0,
      queryPreparationTime: seconds(stats.prepareMs + stats.selectMs),
      innerEvalTime: seconds(stats.evaluateMs),
      execQueueTime: seconds(stats.queueMs),
      execTotalTime: seconds(stats.totalMs + stats.queueMs),
    },
    samples: {
      totalQueryableSamplesPerStep: stats.perStep?.map(({ timestamp, samples }) => [
        timestamp / 1000,
        samples,
      ]),
      totalQueryableSamples: stats.queryableSamples,
      peakSamples: stats.peakSamples,
    },
  });
}
