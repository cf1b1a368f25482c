import type { CounterReset, FloatHistogram, Span } from '../../model/index.ts';
import { STALE_HIGH_WORD, STALE_LOW_WORD } from '../../model/index.ts';
import { type ByteWriter, wordAt } from '../../util/index.ts';
import { doubleAt, type WireReader } from '../protobuf/wire-reader.ts';
import { findHistogramProblem } from '../remote-write/histogram-check.ts';
import type { BatchColumns } from './batch-columns.ts';
import { MANTISSA_MAX } from './column-form.ts';
import { histogramWords } from './histogram-words.ts';
import { uintUpTo } from './reading.ts';
import { zigzag } from './words.ts';

/** The first byte of a sample in a series of histograms. */
const KIND_STALE = 0;
const KIND_WHOLE = 1;
/** Buckets and bounds are those of the histogram before it in the series: only counts follow. */
const KIND_SAME_LAYOUT = 2;
/** A float sample among histograms. */
const KIND_FLOAT = 3;
const KIND_MAX = KIND_FLOAT;

/** Bits 2 and on of that byte: the counter reset, and whether all counts are whole numbers. */
const RESET_SHIFT = 2;
const RESET_MASK = 3;
const WHOLE_COUNTS = 0x10;
const KIND_MASK = 3;
const COUNTER_RESETS: readonly CounterReset[] = ['unknown', 'reset', 'not_reset', 'gauge'];

/** Of a span; bucket indexes fit 32 bits. */
const SPAN_MAX = 2 ** 31 - 1;

/** Writes samples `[from, to)`, which are of one series with histograms. */
export function writeHistograms(
  writer: ByteWriter,
  columns: BatchColumns,
  from: number,
  to: number,
): void {
  let before: FloatHistogram | undefined;
  for (let index = from; index < to; index++) {
    const histogram = columns.histograms?.[index];
    if (histogram === undefined) {
      writeFloat(writer, columns.words[2 * index]!, columns.words[2 * index + 1]!);
      continue;
    }
    const hasWholeCounts = isWholeCounts(histogram);
    const isSame = before !== undefined && isSameLayout(before, histogram);
    const reset = COUNTER_RESETS.indexOf(histogram.counterReset) << RESET_SHIFT;
    const kind = isSame ? KIND_SAME_LAYOUT : KIND_WHOLE;
    writer.uint(kind | reset | (hasWholeCounts ? WHOLE_COUNTS : 0));
    if (!isSame) writeLayout(writer, histogram);
    writer.double(histogram.sum);
    // Whole counts of the same buckets go as what was added to them.
    const base = isSame && before !== undefined && isWholeCounts(before) ? before : undefined;
    if (hasWholeCounts) writeWhole(writer, histogram, base);
    else for (const count of countsOf(histogram)) writer.double(count);
    before = histogram;
  }
}

/** Reads samples `[from, to)` of one series, whose ids and times are there already. */
export function readHistograms(
  source: WireReader,
  columns: BatchColumns,
  from: number,
  to: number,
): void {
  let before: FloatHistogram | undefined;
  for (let index = from; index < to; index++) {
    const head = uintUpTo(source, KIND_MAX | (RESET_MASK << RESET_SHIFT) | WHOLE_COUNTS, 'kind');
    const kind = head & KIND_MASK;
    if (kind === KIND_STALE || kind === KIND_FLOAT) {
      if (head !== kind) throw source.error(`kind ${head} of a sample without histogram`);
      const offset = kind === KIND_FLOAT ? source.fixed64() : undefined;
      const low = offset === undefined ? STALE_LOW_WORD : wordAt(source.bytes, offset);
      const high = offset === undefined ? STALE_HIGH_WORD : wordAt(source.bytes, offset + 4);
      columns.words[2 * index] = low;
      columns.words[2 * index + 1] = high;
      continue;
    }
    if (kind === KIND_SAME_LAYOUT && before === undefined) {
      throw source.error('a histogram like the one before, which is none');
    }
    const base = kind === KIND_SAME_LAYOUT ? before : undefined;
    const histogram = readHistogram(source, head, base);
    const problem = findHistogramProblem(histogram, false);
    if (problem !== undefined) throw source.error(`a histogram: ${problem}`);
    columns.setHistogram(index, histogram, histogramWords(histogram));
    before = histogram;
  }
}

function writeFloat(writer: ByteWriter, low: number, high: number): void {
  if (low === STALE_LOW_WORD && high === STALE_HIGH_WORD) {
    writer.uint(KIND_STALE);
    return;
  }
  writer.uint(KIND_FLOAT);
  writer.words64(low, high);
}

function writeLayout(writer: ByteWriter, histogram: FloatHistogram): void {
  writer.uint(zigzag(histogram.schema));
  writer.double(histogram.zeroThreshold);
  for (const spans of [histogram.positiveSpans, histogram.negativeSpans]) {
    writer.uint(spans.length);
    for (const { offset, length } of spans) {
      writer.uint(zigzag(offset));
      writer.uint(length);
    }
  }
  writer.uint(histogram.customValues.length);
  for (const bound of histogram.customValues) writer.double(bound);
}

type Layout = Omit<FloatHistogram, 'counterReset' | 'sum' | 'count' | 'zeroCount'>;

function readLayout(source: WireReader): Layout {
  const schema = source.zigzag();
  const zeroThreshold = doubleAt(source.bytes, source.fixed64());
  const positiveSpans = readSpans(source);
  const negativeSpans = readSpans(source);
  const boundCount = uintUpTo(source, (source.limit - source.position) / 8, 'number of bounds');
  const customValues = Array.from({ length: boundCount }, () =>
    doubleAt(source.bytes, source.fixed64()),
  );
  const buckets = { positiveBuckets: [], negativeBuckets: [] };
  return { schema, zeroThreshold, positiveSpans, negativeSpans, customValues, ...buckets };
}

function readSpans(source: WireReader): Span[] {
  const count = uintUpTo(source, source.limit - source.position, 'number of spans');
  const spans: Span[] = [];
  for (let index = 0; index < count; index++) {
    const offset = source.zigzag();
    if (Math.abs(offset) > SPAN_MAX) throw source.error(`a span of offset ${offset}`);
    spans.push({ offset, length: uintUpTo(source, SPAN_MAX, 'length of a span') });
  }
  return spans;
}

function readHistogram(
  source: WireReader,
  head: number,
  before: FloatHistogram | undefined,
): FloatHistogram {
  const layout = before ?? readLayout(source);
  const sum = doubleAt(source.bytes, source.fixed64());
  const isWhole = (head & WHOLE_COUNTS) !== 0;
  const base = isWhole && before !== undefined && isWholeCounts(before) ? before : undefined;
  const read = (prior: number): number => {
    const count = isWhole ? prior + source.zigzag() : doubleAt(source.bytes, source.fixed64());
    // Whole counts are exact; others are what they are, but never below 0 or not a number.
    if (count >= 0 && (!isWhole || count <= MANTISSA_MAX)) return count;
    throw source.error(`a count of ${count}`);
  };
  const readSide = (spans: readonly Span[], prior: readonly number[] | undefined): number[] => {
    const length = spans.reduce((total, span) => total + span.length, 0);
    // Each takes a byte at least: what is claimed beyond is not made room for.
    if (length > source.limit - source.position) throw source.error(`${length} buckets`);
    let last = 0;
    return Array.from({ length }, (_, index) => {
      const count = read(prior === undefined ? last : (prior[index] ?? 0));
      if (isWhole) last = count;
      return count;
    });
  };
  return {
    counterReset: COUNTER_RESETS[(head >>> RESET_SHIFT) & RESET_MASK] ?? 'unknown',
    schema: layout.schema,
    zeroThreshold: layout.zeroThreshold,
    positiveSpans: layout.positiveSpans,
    negativeSpans: layout.negativeSpans,
    customValues: layout.customValues,
    sum,
    count: read(base?.count ?? 0),
    zeroCount: read(base?.zeroCount ?? 0),
    positiveBuckets: readSide(layout.positiveSpans, base?.positiveBuckets),
    negativeBuckets: readSide(layout.negativeSpans, base?.negativeBuckets),
  };
}

/** Counts as differences: to those of `base`, or of buckets to the one before. */
function writeWhole(
  writer: ByteWriter,
  histogram: FloatHistogram,
  base: FloatHistogram | undefined,
): void {
  writer.uint(zigzag(histogram.count - (base?.count ?? 0)));
  writer.uint(zigzag(histogram.zeroCount - (base?.zeroCount ?? 0)));
  const writeSide = (counts: readonly number[], prior: readonly number[] | undefined): void => {
    for (const [index, count] of counts.entries()) {
      writer.uint(zigzag(count - (prior === undefined ? (counts[index - 1] ?? 0) : prior[index]!)));
    }
  };
  writeSide(histogram.positiveBuckets, base?.positiveBuckets);
  writeSide(histogram.negativeBuckets, base?.negativeBuckets);
}

/** All counts, in the order in which they stand. */
function countsOf(histogram: FloatHistogram): number[] {
  const { count, zeroCount, positiveBuckets, negativeBuckets } = histogram;
  return [count, zeroCount, ...positiveBuckets, ...negativeBuckets];
}

function isWholeCounts(histogram: FloatHistogram): boolean {
  return countsOf(histogram).every((count) => Number.isInteger(count) && count <= MANTISSA_MAX);
}

function isSameLayout(a: FloatHistogram, b: FloatHistogram): boolean {
  return (
    a.schema === b.schema &&
    Object.is(a.zeroThreshold, b.zeroThreshold) &&
    isSameSpans(a.positiveSpans, b.positiveSpans) &&
    isSameSpans(a.negativeSpans, b.negativeSpans) &&
    a.customValues.length === b.customValues.length &&
    a.customValues.every((bound, index) => Object.is(bound, b.customValues[index]))
  );
}

function isSameSpans(a: readonly Span[], b: readonly Span[]): boolean {
  return (
    a.length === b.length &&
    a.every(({ offset, length }, index) => {
      return offset === b[index]?.offset && length === b[index]?.length;
    })
  );
}
