import type { CounterReset, FloatHistogram, Span } from '../../model/index.ts';
import { STALE_HIGH_WORD, STALE_LOW_WORD } from '../../model/index.ts';
import { ByteWriter } from '../../util/index.ts';

// prometheus.Histogram (types.proto), by field number and wire type.
const KEY_COUNT_INT = 0x08;
const KEY_COUNT_FLOAT = 0x11;
const KEY_SUM = 0x19;
const KEY_SCHEMA = 0x20;
const KEY_ZERO_THRESHOLD = 0x29;
const KEY_ZERO_COUNT_INT = 0x30;
const KEY_ZERO_COUNT_FLOAT = 0x39;
const NEGATIVE = { spans: 0x42, deltas: 0x4a, counts: 0x52 };
const POSITIVE = { spans: 0x5a, deltas: 0x62, counts: 0x6a };
const KEY_RESET_HINT = 0x70;
const KEY_TIMESTAMP = 0x78;
/** Field 16: the key takes two bytes. */
const KEY_CUSTOM_VALUES = 0x82;
// prometheus.BucketSpan: 1 offset (sint32), 2 length (uint32).
const KEY_OFFSET = 0x08;
const KEY_LENGTH = 0x10;

const RESETS: readonly CounterReset[] = ['unknown', 'reset', 'not_reset', 'gauge'];

/**
 * A `prometheus.Histogram`: with integer counts where all are whole, else with float ones.
 * Undefined gives a staleness marker.
 */
export function encodeHistogram(
  timestamp: number,
  histogram: FloatHistogram | undefined,
): Uint8Array {
  const writer = new ByteWriter(256);
  if (histogram === undefined) {
    writer.uint(KEY_SUM);
    writer.words64(STALE_LOW_WORD, STALE_HIGH_WORD);
  } else writeFields(writer, histogram);
  writer.uint(KEY_TIMESTAMP);
  writer.int(timestamp);
  return writer.written();
}

function writeFields(writer: ByteWriter, histogram: FloatHistogram): void {
  const isWhole = hasWholeCounts(histogram);
  writeCount(writer, isWhole ? KEY_COUNT_INT : KEY_COUNT_FLOAT, histogram.count, isWhole);
  writeDouble(writer, KEY_SUM, histogram.sum);
  writer.uint(KEY_SCHEMA);
  writer.uint(zigzag(histogram.schema));
  writeDouble(writer, KEY_ZERO_THRESHOLD, histogram.zeroThreshold);
  const zeroKey = isWhole ? KEY_ZERO_COUNT_INT : KEY_ZERO_COUNT_FLOAT;
  writeCount(writer, zeroKey, histogram.zeroCount, isWhole);
  writeSide(writer, NEGATIVE, histogram.negativeSpans, histogram.negativeBuckets, isWhole);
  writeSide(writer, POSITIVE, histogram.positiveSpans, histogram.positiveBuckets, isWhole);
  const hint = RESETS.indexOf(histogram.counterReset);
  if (hint > 0) {
    writer.uint(KEY_RESET_HINT);
    writer.uint(hint);
  }
  writePackedDoubles(writer, KEY_CUSTOM_VALUES, histogram.customValues);
}

function hasWholeCounts(histogram: FloatHistogram): boolean {
  const { count, zeroCount, positiveBuckets, negativeBuckets } = histogram;
  const isCount = (value: number): boolean => Number.isSafeInteger(value) && value >= 0;
  return (
    isCount(count) &&
    isCount(zeroCount) &&
    positiveBuckets.every(isCount) &&
    negativeBuckets.every(isCount)
  );
}

function writeCount(writer: ByteWriter, key: number, value: number, isWhole: boolean): void {
  writer.uint(key);
  if (isWhole) writer.uint(value);
  else writer.double(value);
}

function writeDouble(writer: ByteWriter, key: number, value: number): void {
  writer.uint(key);
  writer.double(value);
}

function writeSide(
  writer: ByteWriter,
  keys: typeof POSITIVE,
  spans: readonly Span[],
  buckets: readonly number[],
  isWhole: boolean,
): void {
  for (const { offset, length } of spans) {
    const message = new ByteWriter(16);
    message.uint(KEY_OFFSET);
    message.uint(zigzag(offset));
    message.uint(KEY_LENGTH);
    message.uint(length);
    writeBytes(writer, keys.spans, message.written());
  }
  if (buckets.length === 0) return;
  if (!isWhole) {
    writePackedDoubles(writer, keys.counts, buckets);
    return;
  }
  const message = new ByteWriter(4 * buckets.length);
  let before = 0;
  for (const count of buckets) {
    message.uint(zigzag(count - before));
    before = count;
  }
  writeBytes(writer, keys.deltas, message.written());
}

function writePackedDoubles(writer: ByteWriter, key: number, values: readonly number[]): void {
  if (values.length === 0) return;
  const message = new ByteWriter(8 * values.length);
  for (const value of values) message.double(value);
  writeBytes(writer, key, message.written());
}

function writeBytes(writer: ByteWriter, key: number, bytes: Uint8Array): void {
  writer.uint(key);
  writer.uint(bytes.length);
  writer.bytes(bytes);
}

function zigzag(value: number): number {
  return value >= 0 ? 2 * value : -2 * value - 1;
}
