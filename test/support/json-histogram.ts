import { type FloatHistogram, parseFloatText, type Span } from '../../src/model/index.ts';

/** A histogram as the query API writes it. */
export interface JsonHistogram {
  readonly count: string;
  readonly sum: string;
  /** Boundary rule, lower, upper, count. */
  readonly buckets?: readonly (readonly [number, string, string, string])[];
}

/** The histogram of standard exponential buckets that an API answer shows. */
export function histogramFromJson({ count, sum, buckets = [] }: JsonHistogram): FloatHistogram {
  const all = buckets.map(([, lower, upper, size]) => ({
    lower: numberOf(lower),
    upper: numberOf(upper),
    count: numberOf(size),
  }));
  const zero = all.find(({ lower, upper }) => lower < 0 && upper > 0);
  const positive = all.filter(({ lower }) => lower > 0);
  const negative = all
    .filter(({ upper }) => upper < 0)
    .map(({ lower, upper, count: size }) => ({ lower: -upper, upper: -lower, count: size }))
    .reverse();
  const first = positive[0] ?? negative[0];
  const schema =
    first === undefined ? 0 : Math.round(-Math.log2(Math.log2(first.upper / first.lower)));
  const positiveSide = sideOf(positive, schema);
  const negativeSide = sideOf(negative, schema);
  return {
    counterReset: 'unknown',
    schema,
    zeroThreshold: zero?.upper ?? 0,
    zeroCount: zero?.count ?? 0,
    count: numberOf(count),
    sum: numberOf(sum),
    positiveSpans: positiveSide.spans,
    positiveBuckets: positiveSide.counts,
    negativeSpans: negativeSide.spans,
    negativeBuckets: negativeSide.counts,
    customValues: [],
  };
}

/** Every count, and the sum, `factor` times as large. */
export function scaleHistogram(histogram: FloatHistogram, factor: number): FloatHistogram {
  const scaled = (counts: readonly number[]): number[] => counts.map((count) => count * factor);
  return {
    ...histogram,
    count: histogram.count * factor,
    sum: histogram.sum * factor,
    zeroCount: histogram.zeroCount * factor,
    positiveBuckets: scaled(histogram.positiveBuckets),
    negativeBuckets: scaled(histogram.negativeBuckets),
  };
}

function sideOf(
  buckets: readonly { readonly upper: number; readonly count: number }[],
  schema: number,
): { spans: Span[]; counts: number[] } {
  const spans: { offset: number; length: number }[] = [];
  let next = 0;
  for (const { upper } of buckets) {
    const index = Math.round(Math.log2(upper) * 2 ** schema);
    const last = spans.at(-1);
    if (last !== undefined && index === next) last.length++;
    else spans.push({ offset: index - next, length: 1 });
    next = index + 1;
  }
  return { spans, counts: buckets.map(({ count }) => count) };
}

function numberOf(text: string): number {
  const value = parseFloatText(text);
  if (value === undefined) throw new Error(`no number: ${text}`);
  return value;
}
