import type { FloatHistogram } from '../../../model/index.ts';
import { STALE_HIGH_WORD, STALE_LOW_WORD } from '../../../model/index.ts';
import { wordsOf } from '../bytes/bit-reader.ts';
import { BitWriter } from '../bytes/bit-writer.ts';
import { bucketIndices, spread } from './bucket-layout.ts';
import type { EncodedChunk } from './encoding.ts';
import { ChunkEncoding } from './encoding.ts';
import type { TimedHistogram } from './histogram-decode.ts';
import { writeLayout } from './histogram-layout.ts';
import type { ChunkSide, HistogramRun } from './histogram-runs.ts';
import { mergeSpans } from './histogram-runs.ts';
import { writeVarbitInt, writeVarbitUint } from './varbit.ts';
import { XorWindow } from './xor-window.ts';

const FLAGS = { unknown: 0x00, not_reset: 0x40, reset: 0x80, gauge: 0xc0 } as const;

/**
 * Counts up to here are stored as integers: the difference of differences of differences between
 * buckets and times is then below 2^53, so exact.
 */
const INTEGER_COUNT_MAX = 2 ** 50;

const writer = new BitWriter(4096);
const sumWords = new Uint32Array(2);

/**
 * Encodes a run as the data of a histogram chunk, with integer counts where all are whole numbers,
 * else with float ones (chunks.md).
 */
export function encodeHistogramRun(
  samples: readonly TimedHistogram[],
  { from, to, counterReset }: HistogramRun,
): EncodedChunk {
  const run = samples.slice(from, to);
  const histograms = run.flatMap(({ histogram }) => (histogram === undefined ? [] : [histogram]));
  const positive = mergeSpans(histograms.map(({ positiveSpans }) => positiveSpans));
  const negative = mergeSpans(histograms.map(({ negativeSpans }) => negativeSpans));
  const first = histograms[0];
  const isInteger = histograms.every(hasIntegerCounts);
  writer.reset();
  writer.bits(run.length, 16);
  writer.bits(FLAGS[counterReset], 8);
  writeLayout(writer, {
    schema: first?.schema ?? 0,
    zeroThreshold: first?.zeroThreshold ?? 0,
    positiveSpans: positive.spans,
    negativeSpans: negative.spans,
    customValues: first?.customValues ?? [],
  });
  const counts = isInteger ? new IntegerCountsWriter() : new FloatCountsWriter();
  let time = 0;
  let delta = 0;
  for (const [index, { timestamp, histogram }] of run.entries()) {
    const newDelta = index === 0 ? 0 : timestamp - time;
    writeVarbitInt(writer, index === 0 ? timestamp : newDelta - delta);
    if (histogram === undefined) counts.writeStale(index === 0);
    else counts.write(histogram, bucketsOf(histogram, positive, negative), index === 0);
    time = timestamp;
    delta = newDelta;
  }
  return {
    encoding: isInteger ? ChunkEncoding.HISTOGRAM : ChunkEncoding.FLOAT_HISTOGRAM,
    minTime: run[0]!.timestamp,
    maxTime: time,
    sampleCount: run.length,
    data: writer.written().slice(),
  };
}

function hasIntegerCounts(histogram: FloatHistogram): boolean {
  return (
    isIntegerCount(histogram.count) &&
    isIntegerCount(histogram.zeroCount) &&
    histogram.positiveBuckets.every(isIntegerCount) &&
    histogram.negativeBuckets.every(isIntegerCount)
  );
}

function isIntegerCount(count: number): boolean {
  return (
    Number.isInteger(count) && count >= 0 && count <= INTEGER_COUNT_MAX && !Object.is(count, -0)
  );
}

/** Counts of the chunk's buckets, positive side first. */
type Buckets = readonly [positive: readonly number[], negative: readonly number[]];

function bucketsOf(histogram: FloatHistogram, positive: ChunkSide, negative: ChunkSide): Buckets {
  return [
    positive.indices === undefined
      ? histogram.positiveBuckets
      : spread(positive.indices, bucketIndices(histogram.positiveSpans), histogram.positiveBuckets),
    negative.indices === undefined
      ? histogram.negativeBuckets
      : spread(negative.indices, bucketIndices(histogram.negativeSpans), histogram.negativeBuckets),
  ];
}

interface CountsWriter {
  write(histogram: FloatHistogram, buckets: Buckets, isFirst: boolean): void;
  writeStale(isFirst: boolean): void;
}

class IntegerCountsWriter implements CountsWriter {
  readonly #sum = XorWindow.forWriting();
  #count = 0;
  #countDelta = 0;
  #zeroCount = 0;
  #zeroCountDelta = 0;
  #differences: number[] = [];
  #deltas: number[] = [];

  write({ count, zeroCount, sum }: FloatHistogram, buckets: Buckets, isFirst: boolean): void {
    const differences = buckets.flatMap((side) =>
      side.map((bucket, at) => bucket - (side[at - 1] ?? 0)),
    );
    wordsOf(sum, sumWords);
    if (isFirst) {
      writeVarbitUint(writer, count);
      writeVarbitUint(writer, zeroCount);
      writeFirst(this.#sum, sumWords[1]!, sumWords[0]!);
      for (const difference of differences) writeVarbitInt(writer, difference);
      this.#deltas = differences.map(() => 0);
    } else {
      const countDelta = count - this.#count;
      const zeroCountDelta = zeroCount - this.#zeroCount;
      writeVarbitInt(writer, countDelta - this.#countDelta);
      writeVarbitInt(writer, zeroCountDelta - this.#zeroCountDelta);
      this.#sum.write(writer, sumWords[1]!, sumWords[0]!);
      for (const [at, difference] of differences.entries()) {
        const delta = difference - this.#differences[at]!;
        writeVarbitInt(writer, delta - this.#deltas[at]!);
        this.#deltas[at] = delta;
      }
      this.#countDelta = countDelta;
      this.#zeroCountDelta = zeroCountDelta;
    }
    this.#count = count;
    this.#zeroCount = zeroCount;
    this.#differences = differences;
  }

  writeStale(isFirst: boolean): void {
    // Counts as before, then the sum; no buckets follow.
    writer.bits(0, 2);
    if (isFirst) writeFirst(this.#sum, STALE_LOW_WORD, STALE_HIGH_WORD);
    else this.#sum.write(writer, STALE_LOW_WORD, STALE_HIGH_WORD);
  }
}

class FloatCountsWriter implements CountsWriter {
  readonly #totals = [0, 1, 2].map(() => XorWindow.forWriting());
  #buckets: readonly XorWindow[] = [];

  write({ count, zeroCount, sum }: FloatHistogram, buckets: Buckets, isFirst: boolean): void {
    const values = buckets.flat();
    if (isFirst) this.#buckets = values.map(() => XorWindow.forWriting());
    for (const [at, total] of [count, zeroCount, sum].entries()) {
      writeDouble(this.#totals[at]!, total, isFirst);
    }
    for (const [at, value] of values.entries()) writeDouble(this.#buckets[at]!, value, isFirst);
  }

  writeStale(isFirst: boolean): void {
    const [count, zeroCount, sum] = this.#totals;
    writeDouble(count!, 0, isFirst);
    writeDouble(zeroCount!, 0, isFirst);
    if (isFirst) writeFirst(sum!, STALE_LOW_WORD, STALE_HIGH_WORD);
    else sum!.write(writer, STALE_LOW_WORD, STALE_HIGH_WORD);
  }
}

function writeDouble(window: XorWindow, value: number, isFirst: boolean): void {
  wordsOf(value, sumWords);
  if (isFirst) writeFirst(window, sumWords[1]!, sumWords[0]!);
  else window.write(writer, sumWords[1]!, sumWords[0]!);
}

/** A chunk's first value is written whole. */
function writeFirst(window: XorWindow, low: number, high: number): void {
  window.low = low;
  window.high = high;
  writer.bits(high, 32);
  writer.bits(low, 32);
}
