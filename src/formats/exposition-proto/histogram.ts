import type { Exemplar, FloatHistogram, Span } from '../../model/index.ts';
import {
  CUSTOM_BUCKETS_SCHEMA,
  EXPONENTIAL_SCHEMA_MAX,
  reduceHistogram,
} from '../../model/index.ts';
import { WIRE_LENGTH, type WireReader } from '../protobuf/wire-reader.ts';
import { readSpan } from '../remote-write/histogram.ts';
import { findHistogramProblem } from '../remote-write/histogram-check.ts';
import { ExpositionProtoError } from './errors.ts';
import { readDouble, readExemplar, readMessage } from './fields.ts';
import type { TextBudget } from './text-budget.ts';

/** A cumulative bucket of a classic histogram. */
export interface ClassicBucket {
  readonly upperBound: number;
  readonly count: number;
  readonly exemplar: Exemplar | undefined;
}

/** An `io.prometheus.client.Histogram`, which may be classic, native or both. */
export interface ProtoHistogram {
  readonly count: number;
  readonly sum: number;
  /** As sent; undefined where the histogram is native alone. */
  readonly buckets: readonly ClassicBucket[] | undefined;
  readonly native: FloatHistogram | undefined;
  /** Of the native histogram. */
  readonly exemplars: readonly Exemplar[];
}

/** Finer schemas than those of `FloatHistogram` may be sent, up to that. */
const SENT_SCHEMA_MAX = 52;

// Fields of io.prometheus.client.Histogram.
const COUNT = 1;
const SUM = 2;
const BUCKET = 3;
const COUNT_FLOAT = 4;
const SCHEMA = 5;
const ZERO_THRESHOLD = 6;
const ZERO_COUNT = 7;
const ZERO_COUNT_FLOAT = 8;
const NEGATIVE_SPAN = 9;
const NEGATIVE_DELTA = 10;
const NEGATIVE_COUNT = 11;
const POSITIVE_SPAN = 12;
const POSITIVE_DELTA = 13;
const POSITIVE_COUNT = 14;
const EXEMPLAR = 16;

/**
 * Reads the histogram whose message `reader` is at; `key` is its field's. Counts above 2^53 are
 * rounded; created timestamps are skipped.
 * @throws ExpositionProtoError where it is malformed or its native part contradicts itself
 */
export function readHistogram(
  reader: WireReader,
  key: number,
  context: {
    readonly isGauge: boolean;
    readonly budget: TextBudget;
    /** Unless so, its native part is skipped over. */
    readonly readsNative: boolean;
  },
): ProtoHistogram {
  const start = reader.position;
  const fields = new HistogramFields(reader, context.budget);
  readMessage(reader, key, (field) => fields.read(field));
  const count = fields.countFloat > 0 ? fields.countFloat : fields.count;
  const isNative = context.readsNative && fields.isNative;
  const native = isNative ? fields.native(count, context.isGauge, start) : undefined;
  const isClassic = native === undefined || fields.buckets.length > 0;
  return {
    count,
    sum: fields.sum,
    buckets: isClassic ? fields.buckets : undefined,
    native,
    exemplars: native === undefined ? [] : fields.exemplars,
  };
}

class HistogramFields {
  count = 0;
  countFloat = 0;
  sum = 0;
  readonly buckets: ClassicBucket[] = [];
  readonly exemplars: Exemplar[] = [];
  readonly #reader: WireReader;
  readonly #budget: TextBudget;
  readonly #bounds = new Set<number>();
  #schema = 0;
  #zeroThreshold = 0;
  #zeroCount = 0;
  #zeroCountFloat = 0;
  readonly #negativeSpans: Span[] = [];
  readonly #negativeDeltas: number[] = [];
  readonly #negativeCounts: number[] = [];
  readonly #positiveSpans: Span[] = [];
  readonly #positiveDeltas: number[] = [];
  readonly #positiveCounts: number[] = [];

  constructor(reader: WireReader, budget: TextBudget) {
    this.#reader = reader;
    this.#budget = budget;
  }

  /** Whether there is a native histogram, even an empty one: that has a span without buckets. */
  get isNative(): boolean {
    return (
      this.#positiveSpans.length > 0 ||
      this.#negativeSpans.length > 0 ||
      this.#zeroThreshold > 0 ||
      this.#zeroCount > 0 ||
      this.#zeroCountFloat > 0
    );
  }

  read(key: number): void {
    const reader = this.#reader;
    switch (key >>> 3) {
      case COUNT:
        this.count = reader.uintField(key);
        return;
      case SUM:
        this.sum = readDouble(reader, key);
        return;
      case BUCKET:
        this.#readBucket(key);
        return;
      case COUNT_FLOAT:
        this.countFloat = readDouble(reader, key);
        return;
      case EXEMPLAR:
        this.#budget.takeSample(0, reader.position);
        this.exemplars.push(readExemplar(reader, key));
        return;
      default:
        this.#readNative(key);
    }
  }

  /** @throws ExpositionProtoError where its numbers contradict each other */
  native(count: number, isGauge: boolean, offset: number): FloatHistogram {
    const isFloat =
      this.countFloat > 0 ||
      this.#zeroCountFloat > 0 ||
      this.#positiveCounts.length > 0 ||
      this.#negativeCounts.length > 0;
    const histogram: FloatHistogram = {
      counterReset: isGauge ? 'gauge' : 'unknown',
      schema: this.#schema,
      zeroThreshold: this.#zeroThreshold,
      zeroCount: this.#zeroCountFloat > 0 ? this.#zeroCountFloat : this.#zeroCount,
      count,
      sum: this.sum,
      positiveSpans: withoutEmpty(this.#positiveSpans),
      positiveBuckets: isFloat ? this.#positiveCounts : sums(this.#positiveDeltas),
      negativeSpans: withoutEmpty(this.#negativeSpans),
      negativeBuckets: isFloat ? this.#negativeCounts : sums(this.#negativeDeltas),
      customValues: [],
    };
    // Finer ones than can be stored are valid nevertheless.
    const isFiner = this.#schema > EXPONENTIAL_SCHEMA_MAX && this.#schema <= SENT_SCHEMA_MAX;
    const schema = isFiner ? EXPONENTIAL_SCHEMA_MAX : this.#schema;
    const problem = findProblem({ ...histogram, schema }, !isFloat);
    if (problem === undefined) return reduceHistogram(histogram, schema);
    throw new ExpositionProtoError(offset, problem, 'a valid native histogram');
  }

  #readBucket(key: number): void {
    const reader = this.#reader;
    const start = reader.position;
    let count = 0;
    let countFloat = 0;
    let upperBound = 0;
    let exemplar: Exemplar | undefined;
    readMessage(reader, key, (field) => {
      if (field >>> 3 === 1) count = reader.uintField(field);
      else if (field >>> 3 === 2) upperBound = readDouble(reader, field);
      else if (field >>> 3 === 3) exemplar = readExemplar(reader, field);
      else if (field >>> 3 === 4) countFloat = readDouble(reader, field);
      else reader.skip(field);
    });
    if (Number.isNaN(upperBound) || this.#bounds.has(upperBound)) {
      const problem = `a bucket with upper bound ${upperBound}`;
      throw new ExpositionProtoError(start, problem, 'bounds that are numbers, each once');
    }
    this.#bounds.add(upperBound);
    this.buckets.push({ upperBound, count: countFloat > 0 ? countFloat : count, exemplar });
  }

  #readNative(key: number): void {
    const reader = this.#reader;
    switch (key >>> 3) {
      case SCHEMA:
        this.#schema = reader.zigzagField(key);
        return;
      case ZERO_THRESHOLD:
        this.#zeroThreshold = readDouble(reader, key);
        return;
      case ZERO_COUNT:
        this.#zeroCount = reader.uintField(key);
        return;
      case ZERO_COUNT_FLOAT:
        this.#zeroCountFloat = readDouble(reader, key);
        return;
      case NEGATIVE_SPAN:
        this.#readSpan(key, this.#negativeSpans);
        return;
      case NEGATIVE_DELTA:
        this.#takeCounts(key);
        reader.repeatedZigzag(key, this.#negativeDeltas);
        return;
      case NEGATIVE_COUNT:
        reader.repeatedDouble(key, this.#negativeCounts);
        return;
      case POSITIVE_SPAN:
        this.#readSpan(key, this.#positiveSpans);
        return;
      case POSITIVE_DELTA:
        this.#takeCounts(key);
        reader.repeatedZigzag(key, this.#positiveDeltas);
        return;
      case POSITIVE_COUNT:
        reader.repeatedDouble(key, this.#positiveCounts);
        return;
      default:
        reader.skip(key);
    }
  }

  /** Of packed varints each byte may be a count, which takes eight. */
  #takeCounts(key: number): void {
    const reader = this.#reader;
    const start = reader.position;
    const counts = (key & 7) === WIRE_LENGTH ? reader.lengthEnd() - reader.position : 1;
    reader.position = start;
    this.#budget.take(counts * 8, start);
  }

  #readSpan(key: number, spans: Span[]): void {
    this.#budget.takeSample(0, this.#reader.position);
    spans.push(readSpan(this.#reader, key));
  }
}

function findProblem(histogram: FloatHistogram, hasExactCounts: boolean): string | undefined {
  const { schema, count, zeroCount, zeroThreshold } = histogram;
  if (schema === CUSTOM_BUCKETS_SCHEMA) return `schema ${schema}, which the format does not have`;
  const isOdd = (one: number): boolean => !Number.isFinite(one);
  const odd =
    [count, zeroCount, zeroThreshold].find(isOdd) ??
    histogram.positiveBuckets.find(isOdd) ??
    histogram.negativeBuckets.find(isOdd);
  if (odd !== undefined) return `a count or threshold of ${odd}`;
  return findHistogramProblem(histogram, hasExactCounts);
}

/** The running sums: counts of buckets from the difference of each to the one before. */
function sums(deltas: readonly number[]): number[] {
  let count = 0;
  return deltas.map((delta) => (count += delta));
}

/** Spans of no buckets belong to the gap before the next. */
function withoutEmpty(spans: readonly Span[]): readonly Span[] {
  if (spans.every(({ length }) => length > 0)) return spans;
  const kept: Span[] = [];
  let skipped = 0;
  for (const { offset, length } of spans) {
    if (length === 0) {
      skipped += offset;
      continue;
    }
    kept.push({ offset: offset + skipped, length });
    skipped = 0;
  }
  return kept;
}
