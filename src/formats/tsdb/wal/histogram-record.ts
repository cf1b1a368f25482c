import type { CounterReset, FloatHistogram, Span } from '../../../model/index.ts';
import { CUSTOM_BUCKETS_SCHEMA, STALE_HIGH_WORD, STALE_LOW_WORD } from '../../../model/index.ts';
import type { BigEndianReader } from '../bytes/big-endian-reader.ts';
import { doubleOf } from '../bytes/bit-reader.ts';
import { bucketCount } from '../chunk/histogram-layout.ts';

const RESET_HINTS: readonly CounterReset[] = ['unknown', 'reset', 'not_reset', 'gauge'];
const SCHEMA_MIN = -4;
const SCHEMA_MAX = 8;

/** Reads a histogram of a WAL record, with integer counts or, when `isFloat`, with float ones. */
export function readHistogram(
  reader: BigEndianReader,
  isFloat: boolean,
): FloatHistogram | 'stale' | 'unknown schema' {
  const counterReset = RESET_HINTS[reader.u8()] ?? 'unknown';
  const schema = reader.varint();
  const zeroThreshold = reader.f64();
  const zeroCount = isFloat ? reader.f64() : reader.uvarint();
  const count = isFloat ? reader.f64() : reader.uvarint();
  const high = reader.u32();
  const low = reader.u32();
  const positiveSpans = readSpans(reader);
  const negativeSpans = readSpans(reader);
  const positiveBuckets = isFloat ? readDoubles(reader) : readDifferences(reader);
  const negativeBuckets = isFloat ? readDoubles(reader) : readDifferences(reader);
  if (
    bucketCount(positiveSpans) !== positiveBuckets.length ||
    bucketCount(negativeSpans) !== negativeBuckets.length
  ) {
    throw reader.error('a histogram whose spans do not cover its buckets');
  }
  const isCustom = schema === CUSTOM_BUCKETS_SCHEMA;
  const customValues = isCustom ? readDoubles(reader) : [];
  if (low === STALE_LOW_WORD && high === STALE_HIGH_WORD) return 'stale';
  if (!isCustom && !(schema >= SCHEMA_MIN && schema <= SCHEMA_MAX)) return 'unknown schema';
  return {
    counterReset,
    schema,
    zeroThreshold,
    zeroCount,
    count,
    sum: doubleOf(low, high),
    positiveSpans,
    positiveBuckets,
    negativeSpans,
    negativeBuckets,
    customValues,
  };
}

function readSpans(reader: BigEndianReader): Span[] {
  const spans: Span[] = [];
  for (let left = reader.count(2); left > 0; left--) {
    const offset = reader.varint();
    if (offset < 0 && spans.length > 0) throw reader.error(`a span's gap of ${offset} buckets`);
    spans.push({ offset, length: reader.uvarint() });
  }
  return spans;
}

function readDoubles(reader: BigEndianReader): number[] {
  const values: number[] = [];
  for (let left = reader.count(8); left > 0; left--) values.push(reader.f64());
  return values;
}

/** Absolute counts from the difference of each bucket to the one before it. */
function readDifferences(reader: BigEndianReader): number[] {
  const counts: number[] = [];
  let count = 0;
  for (let left = reader.count(1); left > 0; left--) counts.push((count += reader.varint()));
  return counts;
}
