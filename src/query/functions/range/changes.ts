import { setFloat } from '../../exec/columns.ts';
import type { FloatKernel, RangeSeries } from './range-function.ts';
import { isStartTimeReset } from './start-times.ts';

/** Whether something that is counted lies between a sample and the one before. */
export type Between = (series: RangeSeries, index: number) => boolean;

export const isReset: Between = ({ values, times, startTimes }, index) =>
  values[index]! < values[index - 1]! ||
  (startTimes !== undefined && isStartTimeReset(startTimes, times, index));

/** NaN after NaN is no change. */
export const isChange: Between = ({ values }, index) => {
  const value = values[index]!;
  const before = values[index - 1]!;
  return value !== before && !(value !== value && before !== before);
};

/** Counts in each window by the difference of two running counts: exact, and one pass. */
export function countBetween(between: Between): FloatKernel {
  return (series, call, out) => {
    const { count, floatFrom, floatTo } = call.windows;
    const counts = new Int32Array(series.length);
    for (let index = 1; index < series.length; index++) {
      counts[index] = counts[index - 1]! + (between(series, index) ? 1 : 0);
    }
    for (let step = 0; step < count; step++) {
      const from = floatFrom[step]!;
      const to = floatTo[step]!;
      if (to > from) setFloat(out, step, counts[to - 1]! - counts[from]!);
    }
  };
}
