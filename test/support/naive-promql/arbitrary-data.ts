import fc from 'fast-check';
import { type FloatHistogram, Labels } from '../../../src/model/index.ts';
import type { StoredSample, StoredSeries } from './model.ts';

/** When the generated data begins unless told otherwise: a multiple of a minute. */
export const DATA_BEGIN = 1_700_000_040_000;
export const TICK_MS = 15_000;
export const MAX_TICKS = 40;

/**
 * What happens to a series at each tick, a number from 0 to 255. Small numbers are plain
 * movements, so that shrinking leads to plain data; those from 224 on are rare events.
 */
type Codes = readonly number[];

const EVENTS = {
  gap: 224,
  stale: 236,
  reset: 240,
  nan: 246,
  infinite: 249,
  negativeInfinite: 251,
  negativeZero: 253,
} as const;

/** How the samples of a metric come about. */
type Movement = (codes: Codes, timeOf: (tick: number, code: number) => number) => StoredSample[];

/** Of the shared kind: what Prometheus 2.42 and 3 answer alike. */
export interface DataForm {
  /**
   * Sample times lie off whole and half seconds, values are exact in sums, and resets leave
   * counters far from zero.
   */
  readonly isShared: boolean;
  /** Of the first sample, in milliseconds; a multiple of a minute. */
  readonly beginMs: number;
}

function isGap(code: number): boolean {
  return code >= EVENTS.gap && code < EVENTS.stale;
}

function isStale(code: number): boolean {
  return code >= EVENTS.stale && code < EVENTS.reset;
}

function isReset(code: number): boolean {
  return code >= EVENTS.reset && code < EVENTS.nan;
}

function series(step: (code: number) => StoredSample['value']): Movement {
  return (codes, timeOf) =>
    codes.flatMap((code, tick) => {
      if (isGap(code)) return [];
      const value = isStale(code) ? 'stale' : step(code);
      return [{ timestamp: timeOf(tick, code), value }];
    });
}

function gauge({ isShared }: DataForm): Movement {
  let value = 10;
  return series((code) => {
    if (code >= EVENTS.negativeZero) return -0;
    // Sums of infinities are more careful in 3.
    if (code >= EVENTS.negativeInfinite) return isShared ? NaN : -Infinity;
    if (code >= EVENTS.infinite) return isShared ? NaN : Infinity;
    if (code >= EVENTS.nan) return NaN;
    value += ((code % 17) - 8) / 4;
    return value;
  });
}

function counter({ isShared }: DataForm): Movement {
  let value = isShared ? 1_000_000 : 0;
  return series((code) => {
    if (isReset(code)) value = isShared ? Math.floor(value / 2) : 0;
    value += code % 13;
    return value;
  });
}

const EMPTY_SIDE = { negativeSpans: [], negativeBuckets: [] };

function spansOf(counts: ReadonlyMap<number, number>) {
  const indices = [...counts.keys()].toSorted((a, b) => a - b);
  let next = 0;
  const spans = indices.map((index) => {
    const span = { offset: index - next, length: 1 };
    next = index + 1;
    return span;
  });
  return { spans, buckets: indices.map((index) => counts.get(index)!) };
}

/** Observations into buckets -3 to 3 of both signs; resets, coarser schemas, wider zero buckets. */
function exponential(mixesFloats: boolean): Movement {
  let positive = new Map<number, number>();
  let negative = new Map<number, number>();
  let zeroCount = 0;
  let sum = 0;
  let schema = 1;
  let zeroThreshold = 0.001;
  return series((code) => {
    if (mixesFloats && code % 5 === 4) return code % 11;
    if (isReset(code)) {
      [positive, negative, zeroCount, sum] = [new Map(), new Map(), 0, 0];
      schema = 1 - (code % 2);
      zeroThreshold = code % 3 === 0 ? 0.01 : 0.001;
    }
    if (code % 7 === 6) zeroCount++;
    const side = code % 4 === 3 ? negative : positive;
    const bucket = (code % 7) - 3;
    side.set(bucket, (side.get(bucket) ?? 0) + 1 + (code % 3));
    sum += (code % 9) - 2;
    const above = spansOf(positive);
    const below = spansOf(negative);
    const counts = [...above.buckets, ...below.buckets];
    return {
      counterReset: code % 10 === 9 ? 'gauge' : 'unknown',
      schema,
      zeroThreshold,
      zeroCount,
      count: counts.reduce((total, count) => total + count, zeroCount),
      sum,
      positiveSpans: above.spans,
      positiveBuckets: above.buckets,
      negativeSpans: below.spans,
      negativeBuckets: below.buckets,
      customValues: [],
    } satisfies FloatHistogram;
  });
}

/** Histograms with bounds of their own, which change now and then. */
function custom(): Movement {
  let counts = new Map<number, number>();
  let bounds = [1, 2, 5];
  let sum = 0;
  return series((code) => {
    if (isReset(code)) {
      counts = new Map();
      sum = 0;
      bounds = code % 2 === 0 ? [1, 2, 5] : [2, 4, 5];
    }
    const bucket = code % 4;
    counts.set(bucket, (counts.get(bucket) ?? 0) + 1 + (code % 2));
    sum += bucket;
    const { spans, buckets } = spansOf(counts);
    return {
      ...EMPTY_SIDE,
      counterReset: 'unknown',
      schema: -53,
      zeroThreshold: 0,
      zeroCount: 0,
      count: buckets.reduce((total, count) => total + count, 0),
      sum,
      positiveSpans: spans,
      positiveBuckets: buckets,
      customValues: bounds,
    };
  });
}

const label = fc.constantFrom('a', 'b', 'c');
const codes = fc.array(fc.nat({ max: 255 }), { maxLength: MAX_TICKS, size: 'max' });

function metric(
  name: string,
  movement: () => Movement,
  form: DataForm,
): fc.Arbitrary<StoredSeries[]> {
  const one = fc.record({ job: label, instance: label, codes });
  return fc
    .uniqueArray(one, {
      selector: ({ job, instance }) => `${job} ${instance}`,
      minLength: 1,
      maxLength: 6,
      size: 'max',
    })
    .map((all) =>
      all.map(({ job, instance, codes: own }) => ({
        labels: Labels.fromObject({ __name__: name, job, instance }),
        samples: movement()(own, timeOf(form)),
      })),
    );
}

/** A classic histogram: each code is an observation, counted in all buckets above it. */
function classic(form: DataForm): fc.Arbitrary<StoredSeries[]> {
  const bounds = ['0.5', '1', '2', '+Inf'];
  return metric('h', () => counter(form), form).map((histograms) =>
    histograms.flatMap(({ labels, samples }) =>
      bounds.map((le, place) => ({
        labels: labels.with('__name__', 'h_bucket').with('le', le),
        samples: samples.map(({ timestamp, value }) => ({
          timestamp,
          value:
            typeof value === 'number' ? Math.floor((value * (place + 1)) / bounds.length) : value,
        })),
      })),
    ),
  );
}

function timeOf({ isShared, beginMs }: DataForm): (tick: number, code: number) => number {
  // Elsewhere most samples lie on the edges of windows, and some a little after them.
  const jitter = (code: number): number =>
    isShared ? 1 + ((code * 37) % 400) : code % 5 === 3 ? 1 + code : 0;
  return (tick, code) => beginMs + tick * TICK_MS + jitter(code);
}

/** Series of every kind that queries of `arbitrary-query.ts` select. */
export function arbitraryData(form: DataForm): fc.Arbitrary<StoredSeries[]> {
  const floats = [
    metric('gauge', () => gauge(form), form),
    metric('other', () => gauge(form), form),
    metric('counter_total', () => counter(form), form),
    classic(form),
  ];
  const histograms = [
    metric('native', () => exponential(false), form),
    metric('mixed', () => exponential(true), form),
    metric('custom', custom, form),
  ];
  return fc
    .tuple(...floats, ...(form.isShared ? [] : histograms))
    .map((all) => all.flat().filter(({ samples }) => samples.length > 0));
}
