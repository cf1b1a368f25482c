import type { CounterReset, FloatHistogram } from '../../../model/index.ts';
import { STALE_HIGH_WORD, STALE_LOW_WORD } from '../../../model/index.ts';
import type { BytesSource } from '../bytes/big-endian-reader.ts';
import { BigEndianReader } from '../bytes/big-endian-reader.ts';
import { BitReader, doubleOf } from '../bytes/bit-reader.ts';
import type { HistogramLayout } from './histogram-layout.ts';
import { bucketCount, readLayout } from './histogram-layout.ts';
import { readVarbitInt, readVarbitUint } from './varbit.ts';
import { XorWindow } from './xor-window.ts';

/** Sample count (2 bytes) and flags. */
const HEADER_BYTES = 3;

/** The flags' upper two bits: what is known of a counter reset before the chunk. */
const RESETS: readonly CounterReset[] = ['unknown', 'not_reset', 'reset', 'gauge'];

/** A histogram with its time; `histogram` undefined is a staleness marker. */
export interface TimedHistogram {
  /** Integer milliseconds. */
  readonly timestamp: number;
  readonly histogram: FloatHistogram | undefined;
}

export interface HistogramChunk {
  /** What the chunk's header says. */
  readonly counterReset: CounterReset;
  /**
   * Within a chunk of a counter there is no reset. The first histogram says `reset` where the
   * header does, else `unknown`: the chunk before, of which a header speaks, may be gone.
   */
  readonly samples: readonly TimedHistogram[];
}

/**
 * Decodes a histogram chunk's data `bytes[start, end)` (chunks.md), with integer counts or, when
 * `isFloat`, with float ones. Integer counts beyond 2^53 are rounded. @throws TsdbError
 */
export function decodeHistogramChunk(
  bytes: Uint8Array,
  start: number,
  end: number,
  source: BytesSource,
  isFloat: boolean,
): HistogramChunk {
  const header = new BigEndianReader(bytes, start, end, source);
  const count = header.u16();
  const counterReset = RESETS[header.u8() >>> 6]!;
  const samples: TimedHistogram[] = [];
  if (count === 0) return { counterReset, samples };
  const reader = new BitReader(bytes, start + HEADER_BYTES, end, source);
  const layout = readLayout(reader);
  const sizes = [bucketCount(layout.positiveSpans), bucketCount(layout.negativeSpans)] as const;
  const leastBits = (sizes[0] + sizes[1]) * (isFloat ? 64 : 1);
  if (leastBits > reader.remainingBits) {
    throw reader.error(`buckets of ${leastBits} bits, ${reader.remainingBits} bits being left`);
  }
  const counts = isFloat ? new FloatCounts(sizes) : new IntegerCounts(sizes);
  let time = 0;
  let delta = 0;
  for (let index = 0; index < count; index++) {
    if (index === 0) {
      time = readVarbitInt(reader);
      counts.readFirst(reader);
    } else {
      delta += readVarbitInt(reader);
      time += delta;
      counts.readNext(reader);
    }
    if (!Number.isSafeInteger(time)) throw reader.error(`the time ${time}, wanted one within 2^53`);
    const hint = hintOf(counterReset, index);
    const histogram = counts.isStale ? undefined : histogramOf(layout, counts, hint);
    samples.push({ timestamp: time, histogram });
  }
  return { counterReset, samples };
}

function hintOf(header: CounterReset, index: number): CounterReset {
  if (header === 'gauge') return 'gauge';
  if (index > 0) return 'not_reset';
  return header === 'reset' ? 'reset' : 'unknown';
}

function histogramOf(
  layout: HistogramLayout,
  counts: Counts,
  counterReset: CounterReset,
): FloatHistogram {
  const { count, zeroCount, sum } = counts;
  return {
    counterReset,
    schema: layout.schema,
    zeroThreshold: layout.zeroThreshold,
    zeroCount,
    count,
    sum,
    positiveSpans: layout.positiveSpans,
    positiveBuckets: counts.positive(),
    negativeSpans: layout.negativeSpans,
    negativeBuckets: counts.negative(),
    customValues: layout.customValues,
  };
}

/** The numbers of the histogram read last. */
interface Counts {
  readonly count: number;
  readonly zeroCount: number;
  readonly sum: number;
  /** Whether the sum is a staleness marker: nothing else counts then. */
  readonly isStale: boolean;
  readFirst(reader: BitReader): void;
  readNext(reader: BitReader): void;
  /** Absolute counts, the caller's own. */
  positive(): number[];
  negative(): number[];
}

type Sizes = readonly [positive: number, negative: number];

/** Counts as delta of deltas; each bucket holds the difference to the bucket before it. */
class IntegerCounts implements Counts {
  count = 0;
  zeroCount = 0;
  readonly #sum = XorWindow.forReading();
  readonly #positive: Float64Array;
  readonly #negative: Float64Array;
  readonly #positiveDeltas: Float64Array;
  readonly #negativeDeltas: Float64Array;
  #countDelta = 0;
  #zeroCountDelta = 0;

  constructor([positive, negative]: Sizes) {
    this.#positive = new Float64Array(positive);
    this.#negative = new Float64Array(negative);
    this.#positiveDeltas = new Float64Array(positive);
    this.#negativeDeltas = new Float64Array(negative);
  }

  get sum(): number {
    return doubleOf(this.#sum.low, this.#sum.high);
  }

  get isStale(): boolean {
    return isStale(this.#sum);
  }

  readFirst(reader: BitReader): void {
    this.count = readVarbitUint(reader);
    this.zeroCount = readVarbitUint(reader);
    readRaw(reader, this.#sum);
    for (const buckets of [this.#positive, this.#negative]) {
      for (let index = 0; index < buckets.length; index++) buckets[index] = readVarbitInt(reader);
    }
  }

  readNext(reader: BitReader): void {
    this.#countDelta += readVarbitInt(reader);
    this.count += this.#countDelta;
    this.#zeroCountDelta += readVarbitInt(reader);
    this.zeroCount += this.#zeroCountDelta;
    this.#sum.read(reader);
    if (this.isStale) return;
    readDeltas(reader, this.#positive, this.#positiveDeltas);
    readDeltas(reader, this.#negative, this.#negativeDeltas);
  }

  positive(): number[] {
    return runningSums(this.#positive);
  }

  negative(): number[] {
    return runningSums(this.#negative);
  }
}

/** Every number XOR-encoded; buckets hold absolute counts. */
class FloatCounts implements Counts {
  readonly #count = XorWindow.forReading();
  readonly #zeroCount = XorWindow.forReading();
  readonly #sum = XorWindow.forReading();
  readonly #positive: readonly XorWindow[];
  readonly #negative: readonly XorWindow[];

  constructor([positive, negative]: Sizes) {
    this.#positive = Array.from({ length: positive }, () => XorWindow.forReading());
    this.#negative = Array.from({ length: negative }, () => XorWindow.forReading());
  }

  get count(): number {
    return doubleOf(this.#count.low, this.#count.high);
  }

  get zeroCount(): number {
    return doubleOf(this.#zeroCount.low, this.#zeroCount.high);
  }

  get sum(): number {
    return doubleOf(this.#sum.low, this.#sum.high);
  }

  get isStale(): boolean {
    return isStale(this.#sum);
  }

  readFirst(reader: BitReader): void {
    readRaw(reader, this.#count);
    readRaw(reader, this.#zeroCount);
    readRaw(reader, this.#sum);
    for (const bucket of this.#positive) readRaw(reader, bucket);
    for (const bucket of this.#negative) readRaw(reader, bucket);
  }

  readNext(reader: BitReader): void {
    this.#count.read(reader);
    this.#zeroCount.read(reader);
    this.#sum.read(reader);
    if (this.isStale) return;
    for (const bucket of this.#positive) bucket.read(reader);
    for (const bucket of this.#negative) bucket.read(reader);
  }

  positive(): number[] {
    return this.#positive.map(({ low, high }) => doubleOf(low, high));
  }

  negative(): number[] {
    return this.#negative.map(({ low, high }) => doubleOf(low, high));
  }
}

function readRaw(reader: BitReader, window: XorWindow): void {
  window.high = reader.bits(32);
  window.low = reader.bits(32);
}

// The words may be signed after an XOR.
function isStale({ low, high }: XorWindow): boolean {
  return low === STALE_LOW_WORD && high === STALE_HIGH_WORD;
}

function readDeltas(reader: BitReader, buckets: Float64Array, deltas: Float64Array): void {
  for (let index = 0; index < buckets.length; index++) {
    const delta = deltas[index]! + readVarbitInt(reader);
    deltas[index] = delta;
    buckets[index] = buckets[index]! + delta;
  }
}

function runningSums(differences: Float64Array): number[] {
  const counts: number[] = [];
  let count = 0;
  for (const difference of differences) counts.push((count += difference));
  return counts;
}
