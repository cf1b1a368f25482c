import { ExecutionError } from '../../exec/errors.ts';
import { KahanSum } from '../kahan.ts';
import { perWindow } from './over-time.ts';
import type { RangeSeries } from './range-function.ts';

const sumX = new KahanSum();
const sumY = new KahanSum();
const sumXY = new KahanSum();
const sumXX = new KahanSum();

/** Least squares through samples `[from, to)`; `intercept` is the line's value at `originMs`. */
function linearRegression(
  { times, values }: RangeSeries,
  from: number,
  to: number,
  originMs: number,
): { slope: number; intercept: number } {
  for (const sum of [sumX, sumY, sumXY, sumXX]) sum.reset();
  const first = values[from]!;
  let isConstant = true;
  for (let index = from; index < to; index++) {
    const x = (times[index]! - originMs) / 1000;
    const y = values[index]!;
    if (y !== first) isConstant = false;
    sumX.add(x);
    sumY.add(y);
    sumXY.add(x * y);
    sumXX.add(x * x);
  }
  if (isConstant) {
    // Rounding must not give a constant series a slope.
    const isInfinite = first === Infinity || first === -Infinity;
    return isInfinite ? { slope: NaN, intercept: NaN } : { slope: 0, intercept: first };
  }
  const count = to - from;
  const x = sumX.total;
  const y = sumY.total;
  const slope = (sumXY.total - (x * y) / count) / (sumXX.total - (x * x) / count);
  return { slope, intercept: y / count - (slope * x) / count };
}

export const deriv = perWindow(
  (series, from, to) => linearRegression(series, from, to, series.times[from]!).slope,
  2,
);

export const predictLinear = perWindow((series, from, to, step, { times, parameters }) => {
  const { slope, intercept } = linearRegression(series, from, to, times[step]!);
  return slope * parameters[0]![step]! + intercept;
}, 2);

/** Double exponential smoothing (Holt's linear method). @throws ExecutionError for bad factors */
export const doubleExponentialSmoothing = perWindow(
  ({ values }, from, to, step, { parameters }) => {
    const smoothing = parameters[0]![step]!;
    const trendFactor = parameters[1]![step]!;
    let before = 0;
    let level = values[from]!;
    let trend = values[from + 1]! - values[from]!;
    for (let index = from + 1; index < to; index++) {
      const scaled = smoothing * values[index]!;
      if (index > from + 1) trend = trendFactor * (level - before) + (1 - trendFactor) * trend;
      before = level;
      level = scaled + (1 - smoothing) * (level + trend);
    }
    return level;
  },
  2,
);

/** @throws ExecutionError unless both factors of the smoothing lie between 0 and 1 */
export function checkFactors([smoothing, trend]: readonly (Float64Array | undefined)[]): void {
  const check = (what: string, short: string, factors: Float64Array | undefined): void => {
    for (const factor of factors ?? []) {
      if (factor > 0 && factor < 1) continue;
      throw new ExecutionError(
        `invalid ${what} factor. Expected: 0 < ${short} < 1, got: ${factor.toFixed(6)}`,
      );
    }
  };
  check('smoothing', 'sf', smoothing);
  check('trend', 'tf', trend);
}
