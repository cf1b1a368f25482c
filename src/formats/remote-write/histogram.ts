import type { CounterReset, FloatHistogram, Span } from '../../model/index.ts';
import { STALE_HIGH_WORD, STALE_LOW_WORD } from '../../model/index.ts';
import { wordAt } from '../../util/index.ts';
import { doubleAt, WIRE_LENGTH, WireReader } from '../protobuf/wire-reader.ts';
import { remoteWriteFault } from './errors.ts';
import { findHistogramProblem } from './histogram-check.ts';

export interface DecodedHistogram {
  /** Integer milliseconds. */
  readonly timestamp: number;
  /** Whether it is a staleness marker: its sum has those bits, the rest means nothing. */
  readonly isStale: boolean;
  readonly histogram: FloatHistogram;
  /** Why it must be refused, or undefined. */
  readonly problem: string | undefined;
}

const RESET_HINTS: readonly CounterReset[] = ['unknown', 'reset', 'not_reset', 'gauge'];

// Fields of prometheus.Histogram (types.proto).
const COUNT_INT = 1;
const COUNT_FLOAT = 2;
const SUM = 3;
const SCHEMA = 4;
const ZERO_THRESHOLD = 5;
const ZERO_COUNT_INT = 6;
const ZERO_COUNT_FLOAT = 7;
const NEGATIVE_SPANS = 8;
const NEGATIVE_DELTAS = 9;
const NEGATIVE_COUNTS = 10;
const POSITIVE_SPANS = 11;
const POSITIVE_DELTAS = 12;
const POSITIVE_COUNTS = 13;
const RESET_HINT = 14;
const TIMESTAMP = 15;
const CUSTOM_VALUES = 16;

// Keys of prometheus.BucketSpan: 1 offset (sint32), 2 length (uint32).
const KEY_SPAN_OFFSET = 0x08;
const KEY_SPAN_LENGTH = 0x10;

/**
 * Decodes a native histogram in its integer or float form; counts above 2^53 are rounded. Numbers
 * that contradict each other are a `problem`, not an error.
 * @throws RemoteWriteError where the bytes are no `prometheus.Histogram`.
 */
export function decodeHistogram(bytes: Uint8Array, start: number, end: number): DecodedHistogram {
  const fields = new HistogramFields(new WireReader(bytes, start, end, remoteWriteFault));
  while (fields.reader.position < end) fields.readField();
  const histogram: FloatHistogram = {
    counterReset: RESET_HINTS[fields.resetHint] ?? 'unknown',
    schema: fields.schema,
    zeroThreshold: fields.zeroThreshold,
    zeroCount: fields.zeroCount,
    count: fields.count,
    sum: fields.sumOffset < 0 ? 0 : doubleAt(bytes, fields.sumOffset),
    positiveSpans: fields.positiveSpans,
    positiveBuckets: fields.buckets(fields.positiveDeltas, fields.positiveCounts),
    negativeSpans: fields.negativeSpans,
    negativeBuckets: fields.buckets(fields.negativeDeltas, fields.negativeCounts),
    customValues: fields.customValues,
  };
  const isStale =
    fields.sumOffset >= 0 &&
    wordAt(bytes, fields.sumOffset) === STALE_LOW_WORD &&
    wordAt(bytes, fields.sumOffset + 4) === STALE_HIGH_WORD;
  const problem = isStale ? undefined : findHistogramProblem(histogram, !fields.isFloat);
  return { timestamp: fields.timestamp, isStale, histogram, problem };
}

/** The fields as they were sent. */
class HistogramFields {
  readonly reader: WireReader;
  isFloat = false;
  count = 0;
  sumOffset = -1;
  schema = 0;
  zeroThreshold = 0;
  zeroCount = 0;
  resetHint = 0;
  timestamp = 0;
  readonly negativeSpans: Span[] = [];
  readonly negativeDeltas: number[] = [];
  readonly negativeCounts: number[] = [];
  readonly positiveSpans: Span[] = [];
  readonly positiveDeltas: number[] = [];
  readonly positiveCounts: number[] = [];
  readonly customValues: number[] = [];

  constructor(reader: WireReader) {
    this.reader = reader;
  }

  readField(): void {
    const { reader } = this;
    const key = reader.key();
    switch (key >>> 3) {
      case COUNT_INT:
        this.count = reader.uintField(key);
        return;
      case COUNT_FLOAT:
        this.count = reader.doubleField(key);
        this.isFloat = true;
        return;
      case SUM:
        reader.expectFixed64(key);
        this.sumOffset = reader.fixed64();
        return;
      case SCHEMA:
        this.schema = reader.zigzagField(key);
        return;
      case ZERO_THRESHOLD:
        this.zeroThreshold = reader.doubleField(key);
        return;
      case ZERO_COUNT_INT:
        this.zeroCount = reader.uintField(key);
        return;
      case ZERO_COUNT_FLOAT:
        this.zeroCount = reader.doubleField(key);
        return;
      case RESET_HINT:
        this.resetHint = reader.uintField(key);
        return;
      case TIMESTAMP:
        this.timestamp = reader.intField(key);
        return;
      default:
        this.#readRepeated(key);
    }
  }

  /** Absolute counts: those that were sent, or the running sum of the deltas. */
  buckets(deltas: readonly number[], counts: readonly number[]): readonly number[] {
    if (this.isFloat) return counts;
    let count = 0;
    return deltas.map((delta) => (count += delta));
  }

  #readRepeated(key: number): void {
    const { reader } = this;
    switch (key >>> 3) {
      case NEGATIVE_SPANS:
        this.negativeSpans.push(readSpan(reader, key));
        return;
      case POSITIVE_SPANS:
        this.positiveSpans.push(readSpan(reader, key));
        return;
      case NEGATIVE_DELTAS:
        reader.repeatedZigzag(key, this.negativeDeltas);
        return;
      case POSITIVE_DELTAS:
        reader.repeatedZigzag(key, this.positiveDeltas);
        return;
      case NEGATIVE_COUNTS:
        reader.repeatedDouble(key, this.negativeCounts);
        return;
      case POSITIVE_COUNTS:
        reader.repeatedDouble(key, this.positiveCounts);
        return;
      case CUSTOM_VALUES:
        reader.repeatedDouble(key, this.customValues);
        return;
      default:
        reader.skip(key);
    }
  }
}

/** Reads a span, in its field of any histogram message. */
export function readSpan(reader: WireReader, key: number): Span {
  if ((key & 7) !== WIRE_LENGTH) throw reader.error(`wire type ${key & 7} for a span`);
  const outerLimit = reader.limit;
  reader.limit = reader.lengthEnd();
  let offset = 0;
  let length = 0;
  while (reader.position < reader.limit) {
    const field = reader.key();
    if (field === KEY_SPAN_OFFSET) offset = reader.zigzag();
    else if (field === KEY_SPAN_LENGTH) length = reader.uint();
    else reader.skipUnknown(field, 2);
  }
  reader.limit = outerLimit;
  return { offset, length };
}
