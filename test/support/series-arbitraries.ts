import fc from 'fast-check';
import type { TimedHistogram } from '../../src/formats/tsdb/index.ts';
import type { CounterReset, FloatHistogram, Span } from '../../src/model/index.ts';
import {
  CUSTOM_BUCKETS_SCHEMA,
  HIGH_WORD,
  LOW_WORD,
  SampleColumns,
} from '../../src/model/index.ts';

/** Bits of a double as two words, high one first. */
type Words = readonly [high: number, low: number];

const word = fc.integer({ min: 0, max: 0xffffffff });

/** Ordinary numbers and their neighbours, staleness markers, other NaNs, -0, any bits. */
const valueWords: fc.Arbitrary<Words> = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: -1000, max: 1000 }).map(wordsOf) },
  { weight: 3, arbitrary: fc.double().map(wordsOf) },
  {
    weight: 1,
    arbitrary: fc.constantFrom<Words[]>(
      [0x7ff00000, 2],
      [0x7ff80000, 1],
      [0xfff80000, 0x123],
      [0x80000000, 0],
      [0x7ff00000, 0],
    ),
  },
  { weight: 1, arbitrary: fc.tuple(word, word) },
);

/** Steps from one sample to the next in ms: mostly the same, some odd, some very long. */
const step = fc.oneof(
  { weight: 8, arbitrary: fc.constant(15_000) },
  { weight: 4, arbitrary: fc.integer({ min: 1, max: 30_000 }) },
  { weight: 1, arbitrary: fc.constantFrom(8192, 8193, 65_536, 65_537, 524_288, 524_289, 2 ** 40) },
);

const firstTime = fc.oneof(
  fc.constant(1_700_000_000_000),
  fc.integer({ min: -(2 ** 43), max: 2 ** 43 }),
);

/** Float samples of one series. */
export function floatColumns(maxLength = 400): fc.Arbitrary<SampleColumns> {
  return fc
    .tuple(firstTime, fc.array(fc.tuple(step, valueWords), { maxLength, size: 'max' }))
    .map(([first, samples]) => {
      const columns = new SampleColumns(samples.length);
      columns.length = samples.length;
      let time = first;
      for (const [at, [after, [high, low]]] of samples.entries()) {
        columns.timestamps[at] = time;
        columns.words[2 * at + HIGH_WORD] = high;
        columns.words[2 * at + LOW_WORD] = low;
        time += after;
      }
      return columns;
    });
}

interface Change {
  readonly step: number;
  readonly kind: 'grow' | 'same' | 'any' | 'stale' | 'hint';
  /** Buckets that count more, by place. */
  readonly buckets: readonly (readonly [at: number, by: number])[];
  readonly hint: CounterReset;
}

const change: fc.Arbitrary<Change> = fc.record({
  step,
  kind: fc.oneof(
    { weight: 20, arbitrary: fc.constant('grow' as const) },
    { weight: 3, arbitrary: fc.constantFrom('same' as const, 'any' as const) },
    { weight: 1, arbitrary: fc.constantFrom('stale' as const, 'hint' as const) },
  ),
  buckets: fc.array(fc.tuple(fc.nat({ max: 15 }), fc.nat({ max: 500 })), { maxLength: 5 }),
  hint: fc.constantFrom('unknown', 'reset', 'not_reset'),
});

const series = fc.record({
  first: firstTime,
  schema: fc.constantFrom(-4, 0, 3, 8, CUSTOM_BUCKETS_SCHEMA),
  threshold: fc.constantFrom(0, 2 ** -128, 2 ** -243, 2 ** 10, 0.001, 2 ** 11),
  scale: fc.constantFrom(1, 1, 1, 0.1, 2 ** 40, 2 ** 51),
  isGauge: fc.boolean(),
  sum: fc.constantFrom(0.1, 1, 1e17, NaN, -0),
  changes: fc.array(change, { minLength: 1, maxLength: 300, size: 'max' }),
});

/**
 * Histograms of one series: counters that grow, with buckets that come; resets; gauges; custom
 * buckets; whole, fractional and very large counts; staleness markers.
 */
export const histogramSeries: fc.Arbitrary<readonly TimedHistogram[]> = series.map((shape) => {
  const counts = new Map<number, number>();
  const samples: TimedHistogram[] = [];
  let time = shape.first;
  for (const { step, kind, buckets, hint } of shape.changes) {
    if (kind === 'any') counts.clear();
    if (kind !== 'same') {
      for (const [at, by] of buckets) counts.set(at, (counts.get(at) ?? 0) + by * shape.scale);
    }
    const counterReset = shape.isGauge ? 'gauge' : kind === 'hint' ? hint : 'unknown';
    const histogram =
      kind === 'stale' ? undefined : histogramOf(counts, { ...shape, counterReset });
    samples.push({ timestamp: time, histogram });
    time += step;
  }
  return samples;
});

interface Shape {
  readonly schema: number;
  readonly threshold: number;
  readonly sum: number;
  readonly counterReset: CounterReset;
}

/** Places below 5 are of the negative side, 5 of the zero bucket, those above of the positive. */
function histogramOf(counts: ReadonlyMap<number, number>, shape: Shape): FloatHistogram {
  const isCustom = shape.schema === CUSTOM_BUCKETS_SCHEMA;
  const places = [...counts].sort(([a], [b]) => a - b);
  const negative = isCustom ? [] : places.filter(([at]) => at < 5);
  const positive = isCustom ? places : places.filter(([at]) => at > 5);
  const zeroCount = isCustom ? 0 : (counts.get(5) ?? 0);
  const inBuckets = [...negative, ...positive].reduce((sum, [, count]) => sum + count, zeroCount);
  return {
    counterReset: shape.counterReset,
    schema: shape.schema,
    zeroThreshold: isCustom ? 0 : shape.threshold,
    zeroCount,
    count: inBuckets,
    sum: shape.sum * (1 + inBuckets),
    positiveSpans: spansOf(positive.map(([at]) => (isCustom ? at : 3 * (at - 8)))),
    positiveBuckets: positive.map(([, count]) => count),
    negativeSpans: spansOf(negative.map(([at]) => at * at)),
    negativeBuckets: negative.map(([, count]) => count),
    customValues: isCustom ? [-1.5, 0, 0.001, 0.3, 1e-7, 33_554.43, 33_554.431, 1e9] : [],
  };
}

function spansOf(indices: readonly number[]): Span[] {
  return indices.map((index, at) => ({
    offset: at === 0 ? index : index - (indices[at - 1] ?? 0) - 1,
    length: 1,
  }));
}

function wordsOf(value: number): Words {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  return [view.getUint32(0), view.getUint32(4)];
}

/** What a histogram says, whatever its spans: empty buckets are as good as none. */
export function meaningOf({ timestamp, histogram }: TimedHistogram): string {
  if (histogram === undefined) return `${timestamp} stale`;
  const { schema, zeroThreshold, zeroCount, count, sum, customValues } = histogram;
  const numbers = [schema, zeroThreshold, zeroCount, count, sum, ...customValues].map(exactly);
  const sides = [
    sideText(histogram.positiveSpans, histogram.positiveBuckets),
    sideText(histogram.negativeSpans, histogram.negativeBuckets),
  ];
  return `${timestamp} ${numbers.join(' ')} | ${sides.join(' | ')}`;
}

function sideText(spans: readonly Span[], buckets: readonly number[]): string {
  const parts: string[] = [];
  let index = 0;
  let at = 0;
  for (const { offset, length } of spans) {
    index += offset;
    for (let left = length; left > 0; left--) {
      const count = buckets[at++];
      if (count === undefined) throw new Error('fewer buckets than the spans cover');
      if (count !== 0) parts.push(`${index}:${exactly(count)}`);
      index++;
    }
  }
  if (at !== buckets.length) throw new Error('more buckets than the spans cover');
  return parts.join(' ');
}

function exactly(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value);
}
