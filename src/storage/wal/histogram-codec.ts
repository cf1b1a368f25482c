import type { CounterReset, FloatHistogram, Span } from '../../model/index.ts';
import type { ByteReader } from './byte-reader.ts';
import { RecordFormatError } from './byte-reader.ts';
import type { ByteWriter } from './byte-writer.ts';

/** Index is the number in files. */
const COUNTER_RESETS: readonly CounterReset[] = ['unknown', 'reset', 'not_reset', 'gauge'];
/** In the place of a counter reset: a staleness marker, with nothing after it. */
const STALE = 255;

/** Writes a histogram; `undefined` is a staleness marker. */
export function encodeHistogram(writer: ByteWriter, histogram: FloatHistogram | undefined): void {
  if (histogram === undefined) {
    writer.u8(STALE);
    return;
  }
  writer.u8(COUNTER_RESETS.indexOf(histogram.counterReset));
  writer.i32(histogram.schema);
  writer.f64(histogram.zeroThreshold);
  writer.f64(histogram.zeroCount);
  writer.f64(histogram.count);
  writer.f64(histogram.sum);
  encodeSpans(writer, histogram.positiveSpans);
  encodeNumbers(writer, histogram.positiveBuckets);
  encodeSpans(writer, histogram.negativeSpans);
  encodeNumbers(writer, histogram.negativeBuckets);
  encodeNumbers(writer, histogram.customValues);
}

export function decodeHistogram(reader: ByteReader): FloatHistogram | undefined {
  const code = reader.u8();
  if (code === STALE) return undefined;
  const counterReset = COUNTER_RESETS[code];
  if (counterReset === undefined) {
    throw new RecordFormatError(`${code} is no counter reset of a histogram`);
  }
  return {
    counterReset,
    schema: reader.i32(),
    zeroThreshold: reader.f64(),
    zeroCount: reader.f64(),
    count: reader.f64(),
    sum: reader.f64(),
    positiveSpans: decodeSpans(reader),
    positiveBuckets: decodeNumbers(reader),
    negativeSpans: decodeSpans(reader),
    negativeBuckets: decodeNumbers(reader),
    customValues: decodeNumbers(reader),
  };
}

function encodeSpans(writer: ByteWriter, spans: readonly Span[]): void {
  writer.varint(spans.length);
  for (const span of spans) {
    writer.i32(span.offset);
    writer.u32(span.length);
  }
}

function decodeSpans(reader: ByteReader): Span[] {
  const count = reader.count(8);
  return Array.from({ length: count }, () => ({ offset: reader.i32(), length: reader.u32() }));
}

function encodeNumbers(writer: ByteWriter, numbers: readonly number[]): void {
  writer.varint(numbers.length);
  for (const value of numbers) writer.f64(value);
}

function decodeNumbers(reader: ByteReader): number[] {
  return Array.from({ length: reader.count(8) }, () => reader.f64());
}
