import type { Span } from '../../../model/index.ts';
import { CUSTOM_BUCKETS_SCHEMA } from '../../../model/index.ts';
import type { BitReader } from '../bytes/bit-reader.ts';
import { wordsOf } from '../bytes/bit-reader.ts';
import type { BitWriter } from '../bytes/bit-writer.ts';
import { readVarbitInt, readVarbitUint, writeVarbitInt, writeVarbitUint } from './varbit.ts';

/** What all histograms of one chunk have in common. */
export interface HistogramLayout {
  readonly schema: number;
  readonly zeroThreshold: number;
  readonly positiveSpans: readonly Span[];
  readonly negativeSpans: readonly Span[];
  readonly customValues: readonly number[];
}

const SCHEMA_MIN = -4;
const SCHEMA_MAX = 8;

// A zero threshold that is a power of two from 2^-243 to 2^10 is stored as its exponent + 244, in
// one byte; 0 is 0, and everything else 255 and the double.
const THRESHOLD_RAW = 255;
const THRESHOLD_EXPONENT_BIAS = 244;
const DOUBLE_EXPONENT_BIAS = 1023;

// A custom bound that is a multiple of 0.001 in this range is stored as that multiple + 1.
const BOUND_SCALE = 1000;
const BOUND_SCALED_MAX = 33_554_430;

const words = new Uint32Array(2);

export function writeLayout(writer: BitWriter, layout: HistogramLayout): void {
  writeZeroThreshold(writer, layout.zeroThreshold);
  writeVarbitInt(writer, layout.schema);
  writeSpans(writer, layout.positiveSpans);
  writeSpans(writer, layout.negativeSpans);
  if (layout.schema !== CUSTOM_BUCKETS_SCHEMA) return;
  writeVarbitUint(writer, layout.customValues.length);
  for (const bound of layout.customValues) writeCustomBound(writer, bound);
}

/** Reads a layout. Each of its spans asks for at most as many buckets as there are bits left. */
export function readLayout(reader: BitReader): HistogramLayout {
  const zeroThreshold = readZeroThreshold(reader);
  const schema = readVarbitInt(reader);
  const isCustom = schema === CUSTOM_BUCKETS_SCHEMA;
  if (!isCustom && !(schema >= SCHEMA_MIN && schema <= SCHEMA_MAX)) {
    const wanted = `${SCHEMA_MIN} to ${SCHEMA_MAX} or ${CUSTOM_BUCKETS_SCHEMA}`;
    throw reader.error(`histograms of schema ${schema}, wanted ${wanted}`);
  }
  return {
    schema,
    zeroThreshold,
    positiveSpans: readSpans(reader),
    negativeSpans: readSpans(reader),
    customValues: isCustom ? readCustomBounds(reader) : [],
  };
}

/** Buckets that the spans cover. */
export function bucketCount(spans: readonly Span[]): number {
  let count = 0;
  for (const span of spans) count += span.length;
  return count;
}

function writeSpans(writer: BitWriter, spans: readonly Span[]): void {
  writeVarbitUint(writer, spans.length);
  for (const { offset, length } of spans) {
    writeVarbitUint(writer, length);
    writeVarbitInt(writer, offset);
  }
}

function readSpans(reader: BitReader): Span[] {
  const count = readVarbitUint(reader);
  if (2 * count > reader.remainingBits) {
    throw reader.error(`${count} spans announced, ${reader.remainingBits} bits being left`);
  }
  const spans: Span[] = [];
  let buckets = 0;
  for (let index = 0; index < count; index++) {
    const length = readVarbitUint(reader);
    const offset = readVarbitInt(reader);
    if (offset < 0 && index > 0) throw reader.error(`a span's gap of ${offset} buckets`);
    spans.push({ offset, length });
    buckets += length;
  }
  if (buckets > reader.remainingBits) {
    throw reader.error(`${buckets} buckets announced, ${reader.remainingBits} bits being left`);
  }
  return spans;
}

function writeZeroThreshold(writer: BitWriter, threshold: number): void {
  wordsOf(threshold, words);
  const low = words[1]!;
  const high = words[0]!;
  if (low === 0 && high === 0) {
    writer.bits(0, 8);
    return;
  }
  // Sign and exponent; an exponent below 1 - THRESHOLD_EXPONENT_BIAS includes subnormal numbers.
  const exponent = (high >>> 20) - DOUBLE_EXPONENT_BIAS;
  const code = exponent + THRESHOLD_EXPONENT_BIAS;
  if (low === 0 && (high & 0xfffff) === 0 && code >= 1 && code < THRESHOLD_RAW) {
    writer.bits(code, 8);
    return;
  }
  writer.bits(THRESHOLD_RAW, 8);
  writer.double(threshold);
}

function readZeroThreshold(reader: BitReader): number {
  const code = reader.bits(8);
  if (code === 0) return 0;
  return code === THRESHOLD_RAW ? reader.double() : 2 ** (code - THRESHOLD_EXPONENT_BIAS);
}

function writeCustomBound(writer: BitWriter, bound: number): void {
  const scaled = Math.round(bound * BOUND_SCALE);
  const isShort =
    scaled >= 0 && scaled <= BOUND_SCALED_MAX && Object.is(scaled / BOUND_SCALE, bound);
  if (isShort) {
    writeVarbitUint(writer, scaled + 1);
    return;
  }
  writer.bits(0, 1);
  writer.double(bound);
}

function readCustomBounds(reader: BitReader): number[] {
  const count = readVarbitUint(reader);
  if (count > reader.remainingBits) {
    throw reader.error(`${count} bounds announced, ${reader.remainingBits} bits being left`);
  }
  const bounds: number[] = [];
  for (let index = 0; index < count; index++) {
    const scaled = readVarbitUint(reader);
    bounds.push(scaled === 0 ? reader.double() : (scaled - 1) / BOUND_SCALE);
  }
  return bounds;
}
