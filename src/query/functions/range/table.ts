import { anchoredCount, extendedRate } from './extended.ts';
import { countBetween, isChange, isReset } from './changes.ts';
import { madOverTime, quantileOverTime } from './distribution.ts';
import {
  countMixed,
  firstMixed,
  lastMixed,
  presentMixed,
  timeOfFirstMixed,
  timeOfLastMixed,
} from './mixed.ts';
import {
  anchoredMixedCount,
  isHistogramChange,
  isHistogramReset,
  mixedCount,
} from './mixed-changes.ts';
import {
  avgOverTime,
  countOverTime,
  extremeOverTime,
  firstOverTime,
  lastOverTime,
  presentOverTime,
  stddevOverTime,
  stdvarOverTime,
  sumOverTime,
  timeOfFirst,
  timeOfLast,
} from './over-time.ts';
import { extrapolatedRate, instantRate, type RateKind } from './rate.ts';
import { ignoreHistograms, type RangeFunction } from './range-function.ts';
import { extendedHistogramRate } from './extended-histograms.ts';
import { avgHistograms, sumHistograms } from './sum-histograms.ts';
import { histogramInstantRate, histogramRate } from './rate-histograms.ts';
import { deriv, doubleExponentialSmoothing, predictLinear } from './trend.ts';

const RATE: RateKind = { isCounter: true, isRate: true };
const INCREASE: RateKind = { isCounter: true, isRate: false };
const DELTA: RateKind = { isCounter: false, isRate: false };

function rateFunction(kind: RateKind): RangeFunction {
  const extended = { floats: extendedRate(kind), histograms: extendedHistogramRate(kind) };
  return {
    floats: extrapolatedRate(kind),
    histograms: histogramRate(kind),
    anchored: extended,
    smoothed: extended,
  };
}

const floatsOnly = ignoreHistograms();

/** Functions of a range vector, by their PromQL name. */
export const RANGE_FUNCTIONS: ReadonlyMap<string, RangeFunction> = new Map<string, RangeFunction>([
  ['rate', rateFunction(RATE)],
  ['increase', rateFunction(INCREASE)],
  ['delta', rateFunction(DELTA)],
  ['irate', { floats: instantRate(true), histograms: histogramInstantRate(true) }],
  ['idelta', { floats: instantRate(false), histograms: histogramInstantRate(false) }],
  [
    'changes',
    {
      floats: countBetween(isChange),
      histograms: mixedCount(isHistogramChange),
      anchored: {
        floats: anchoredCount(isChange),
        histograms: anchoredMixedCount(isHistogramChange),
      },
    },
  ],
  [
    'resets',
    {
      floats: countBetween(isReset),
      histograms: mixedCount(isHistogramReset),
      anchored: {
        floats: anchoredCount(isReset),
        histograms: anchoredMixedCount(isHistogramReset),
      },
    },
  ],
  ['deriv', { floats: deriv, histograms: floatsOnly }],
  ['predict_linear', { floats: predictLinear, histograms: floatsOnly }],
  ['double_exponential_smoothing', { floats: doubleExponentialSmoothing, histograms: floatsOnly }],
  ['sum_over_time', { floats: sumOverTime, histograms: sumHistograms }],
  ['avg_over_time', { floats: avgOverTime, histograms: avgHistograms }],
  ['count_over_time', { floats: countOverTime, histograms: countMixed }],
  ['present_over_time', { floats: presentOverTime, histograms: presentMixed }],
  ['last_over_time', { floats: lastOverTime, histograms: lastMixed, keepsName: true }],
  ['first_over_time', { floats: firstOverTime, histograms: firstMixed, keepsName: true }],
  ['ts_of_last_over_time', { floats: timeOfLast, histograms: timeOfLastMixed }],
  ['ts_of_first_over_time', { floats: timeOfFirst, histograms: timeOfFirstMixed }],
  ['max_over_time', { floats: extremeOverTime((a, b) => a > b, 'value'), histograms: floatsOnly }],
  ['min_over_time', { floats: extremeOverTime((a, b) => a < b, 'value'), histograms: floatsOnly }],
  [
    'ts_of_max_over_time',
    { floats: extremeOverTime((a, b) => a >= b, 'time'), histograms: floatsOnly },
  ],
  [
    'ts_of_min_over_time',
    { floats: extremeOverTime((a, b) => a <= b, 'time'), histograms: floatsOnly },
  ],
  ['stddev_over_time', { floats: stddevOverTime, histograms: floatsOnly }],
  ['stdvar_over_time', { floats: stdvarOverTime, histograms: floatsOnly }],
  ['quantile_over_time', { floats: quantileOverTime, histograms: floatsOnly }],
  ['mad_over_time', { floats: madOverTime, histograms: floatsOnly }],
]);

/** The functions that may be used with a kind of extended range, sorted. */
export function functionsAllowing(extension: 'anchored' | 'smoothed'): string[] {
  return [...RANGE_FUNCTIONS]
    .filter(([, definition]) => definition[extension] !== undefined)
    .map(([name]) => name)
    .toSorted();
}
