import {
  exactSum,
  extreme,
  hasChanged,
  hasFallen,
  isFloat,
  mean,
  type NaiveValue,
  type Point,
} from './model.ts';
import { NaiveError, quantile, variance } from './model.ts';
import {
  combine,
  divide,
  isCustom,
  MixedSchemas,
  type NativeHistogram,
  sameHistogram,
  scale,
  toSchema,
  wasReset,
} from './native-histogram.ts';

/** What a range function is given besides the points of a window. */
export interface Window {
  /** Open on the left, closed on the right. */
  readonly begin: number;
  readonly end: number;
  /** The time of evaluation. */
  readonly time: number;
  /** The scalar arguments in order. */
  readonly parameters: readonly number[];
}

/** The answer for one series, undefined for none. At least one point. */
export type RangeFunction = (points: readonly Point[], window: Window) => NaiveValue | undefined;

interface FloatPoint extends Point {
  readonly value: number;
}

interface HistogramPoint extends Point {
  readonly value: NativeHistogram;
}

function floatsOf(points: readonly Point[]): FloatPoint[] {
  return points.filter((point): point is FloatPoint => isFloat(point.value));
}

function histogramsOf(points: readonly Point[]): HistogramPoint[] {
  return points.filter((point): point is HistogramPoint => !isFloat(point.value));
}

/** Functions of floats alone: histograms in the window are passed over. */
function ofFloats(
  evaluate: (values: readonly number[], window: Window, points: readonly FloatPoint[]) => number,
  atLeast = 1,
): RangeFunction {
  return (points, window) => {
    const floats = floatsOf(points);
    if (floats.length < atLeast) return undefined;
    return evaluate(
      floats.map(({ value }) => value),
      window,
      floats,
    );
  };
}

/** Sums and means: of floats, or of histograms; of both together there is none. */
function ofOneKind(
  floats: (values: readonly number[]) => number,
  histograms: (values: readonly NativeHistogram[]) => NativeHistogram,
): RangeFunction {
  return (points) => {
    const numbers = floatsOf(points).map(({ value }) => value);
    const others = histogramsOf(points).map(({ value }) => value);
    if (others.length === 0) return floats(numbers);
    if (numbers.length > 0) return undefined;
    return unlessMixed(() => histograms(others));
  };
}

function unlessMixed<T>(evaluate: () => T): T | undefined {
  try {
    return evaluate();
  } catch (error) {
    if (error instanceof MixedSchemas) return undefined;
    throw error;
  }
}

/** The window relative to what its samples span, as `rate` extrapolates. */
function extrapolation(
  points: readonly Point[],
  { begin, end }: Window,
  zeroBefore: number | undefined,
): number {
  const first = points[0]!.time;
  const last = points.at(-1)!.time;
  const sampled = (last - first) / 1000;
  const gap = sampled / (points.length - 1);
  let toStart = (first - begin) / 1000;
  if (toStart >= 1.1 * gap) toStart = gap / 2;
  if (zeroBefore !== undefined) toStart = Math.min(toStart, sampled * zeroBefore);
  let toEnd = (end - last) / 1000;
  if (toEnd >= 1.1 * gap) toEnd = gap / 2;
  return (sampled + toStart + toEnd) / sampled;
}

interface Kind {
  readonly isCounter: boolean;
  readonly isRate: boolean;
}

function extrapolated(kind: Kind): RangeFunction {
  return (points, window) => {
    const floats = floatsOf(points);
    const histograms = histogramsOf(points);
    if (points.length < 2 || (floats.length > 0 && histograms.length > 0)) return undefined;
    const perSecond = kind.isRate ? (window.end - window.begin) / 1000 : 1;
    if (histograms.length > 0) return histogramIncrease(histograms, window, kind, perSecond);
    const first = floats[0]!.value;
    let increase = floats[floats.length - 1]!.value - first;
    for (const [before, now] of kind.isCounter ? pairs(floats) : []) {
      if (hasFallen(before.value, now.value)) increase += before.value;
    }
    const zeroBefore = kind.isCounter && increase > 0 && first >= 0 ? first / increase : undefined;
    return (increase * extrapolation(floats, window, zeroBefore)) / perSecond;
  };
}

function histogramIncrease(
  points: readonly HistogramPoint[],
  window: Window,
  { isCounter }: Kind,
  perSecond: number,
): NativeHistogram | undefined {
  const first = points[0]!.value;
  const last = points.at(-1)!.value;
  const beginsAnew = isCounter && wasReset(first, points[1]!.value);
  const looked = beginsAnew ? points.slice(1) : points;
  const considered = isCounter ? looked.map(({ value }) => value) : [first, last];
  const kinds = new Set(considered.map(isCustom));
  if (kinds.size > 1) return undefined;
  let increase = beginsAnew ? last : combine(last, first, -1);
  for (const [before, now] of isCounter ? pairs(looked) : []) {
    if (wasReset(before.value, now.value)) increase = combine(increase, before.value);
  }
  increase = toSchema(increase, Math.min(...considered.map(({ schema }) => schema)));
  const zeroBefore =
    isCounter && increase.count > 0 && first.count >= 0 ? first.count / increase.count : undefined;
  return scale(increase, extrapolation(points, window, zeroBefore) / perSecond);
}

function pairs<T>(points: readonly T[]): [T, T][] {
  return points.slice(1).map((point, index) => [points[index]!, point]);
}

/** irate and idelta. */
function ofLastTwo(isRate: boolean): RangeFunction {
  return (points) => {
    const [before, now] = pairs(points).at(-1) ?? [];
    if (before === undefined || now === undefined) return undefined;
    const seconds = isRate ? (now.time - before.time) / 1000 : 1;
    if (isFloat(now.value) && isFloat(before.value)) {
      const wasCut = isRate && hasFallen(before.value, now.value);
      return (wasCut ? now.value : now.value - before.value) / seconds;
    }
    if (isFloat(now.value) || isFloat(before.value)) return undefined;
    const [a, b] = [before.value, now.value];
    return unlessMixed(() => {
      const change = isRate && wasReset(a, b) ? b : combine(b, a, -1);
      return divide(change, seconds);
    });
  };
}

/** How often a sample differs from the one before. */
function counting(
  floats: (before: number, now: number) => boolean,
  histograms: (before: NativeHistogram, now: NativeHistogram) => boolean,
): RangeFunction {
  return (points) =>
    pairs(points).filter(([before, now]) => {
      if (isFloat(before.value) && isFloat(now.value)) return floats(before.value, now.value);
      if (isFloat(before.value) || isFloat(now.value)) return true;
      return histograms(before.value, now.value);
    }).length;
}

/** Least squares through the points, with times in seconds after `origin`. */
function fittedLine(
  points: readonly FloatPoint[],
  origin: number,
): { slope: number; intercept: number } {
  const constant = points[0]!.value;
  if (points.every(({ value }) => value === constant)) {
    const isFinite = Number.isFinite(constant);
    return isFinite ? { slope: 0, intercept: constant } : { slope: NaN, intercept: NaN };
  }
  const xs = points.map(({ time }) => (time - origin) / 1000);
  const ys = points.map(({ value }) => value);
  const n = points.length;
  const covariance = exactSum(xs.map((x, i) => x * ys[i]!)) - (exactSum(xs) * exactSum(ys)) / n;
  const spread = exactSum(xs.map((x) => x * x)) - exactSum(xs) ** 2 / n;
  const slope = covariance / spread;
  return { slope, intercept: exactSum(ys) / n - (slope * exactSum(xs)) / n };
}

function smoothing(values: readonly number[], [level = 0, trend = 0]: readonly number[]): number {
  for (const factor of [level, trend]) {
    if (!(factor > 0 && factor < 1)) throw new NaiveError('a factor outside (0, 1)');
  }
  let smooth = values[0]!;
  let slope = values[1]! - values[0]!;
  for (const [index, value] of values.entries()) {
    if (index === 0) continue;
    const next = level * value + (1 - level) * (smooth + slope);
    // The slope looks at the two smoothed values before this one.
    const following = trend * (next - smooth) + (1 - trend) * slope;
    smooth = next;
    slope = following;
  }
  return smooth;
}

const seconds = (point: Point | undefined): number => (point?.time ?? NaN) / 1000;

function timeOfExtreme(pick: 'min' | 'max'): RangeFunction {
  return ofFloats((values, _window, points) => {
    const best = extreme(values, pick);
    return seconds(points.findLast(({ value }) => Object.is(value, best) || value === best));
  });
}

/** Every function of a range vector but `absent_over_time`. */
export const RANGE_FUNCTIONS: Readonly<Record<string, RangeFunction>> = {
  rate: extrapolated({ isCounter: true, isRate: true }),
  increase: extrapolated({ isCounter: true, isRate: false }),
  delta: extrapolated({ isCounter: false, isRate: false }),
  irate: ofLastTwo(true),
  idelta: ofLastTwo(false),
  changes: counting(hasChanged, (before, now) => !sameHistogram(before, now)),
  resets: counting(hasFallen, wasReset),
  deriv: ofFloats((_values, _window, points) => fittedLine(points, points[0]!.time).slope, 2),
  predict_linear: ofFloats((_values, { time, parameters }, points) => {
    const { slope, intercept } = fittedLine(points, time);
    return slope * parameters[0]! + intercept;
  }, 2),
  double_exponential_smoothing: ofFloats(
    (values, window) => smoothing(values, window.parameters),
    2,
  ),
  sum_over_time: ofOneKind(exactSum, (values) => values.reduce((a, b) => combine(a, b))),
  avg_over_time: ofOneKind(mean, (values) =>
    divide(
      values.reduce((a, b) => combine(a, b)),
      values.length,
    ),
  ),
  count_over_time: (points) => points.length,
  present_over_time: () => 1,
  last_over_time: (points) => points.at(-1)?.value,
  first_over_time: (points) => points[0]?.value,
  ts_of_last_over_time: (points) => seconds(points.at(-1)),
  ts_of_first_over_time: (points) => seconds(points[0]),
  max_over_time: ofFloats((values) => extreme(values, 'max')),
  min_over_time: ofFloats((values) => extreme(values, 'min')),
  ts_of_max_over_time: timeOfExtreme('max'),
  ts_of_min_over_time: timeOfExtreme('min'),
  stdvar_over_time: ofFloats(variance),
  stddev_over_time: ofFloats((values) => Math.sqrt(variance(values))),
  quantile_over_time: ofFloats((values, { parameters }) => quantile(parameters[0]!, values)),
  mad_over_time: ofFloats((values) => {
    if (values.some(Number.isNaN)) return NaN;
    const median = quantile(0.5, values);
    return quantile(
      0.5,
      values.map((value) => Math.abs(value - median)),
    );
  }),
};
