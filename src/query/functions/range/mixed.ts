import { setFloat, setHistogram } from '../../exec/columns.ts';
import {
  floatCount,
  type HistogramKernel,
  type RangeCall,
  type RangeSeries,
} from './range-function.ts';

/** Kernels of functions that take floats and histograms alike. */

export const countMixed: HistogramKernel = (_series, { windows }, step, out) => {
  const floats = windows.floatTo[step]! - windows.floatFrom[step]!;
  setFloat(out, step, floats + windows.histogramTo[step]! - windows.histogramFrom[step]!);
};

export const presentMixed: HistogramKernel = (_series, _call, step, out) => setFloat(out, step, 1);

/** Time of the newest float of a window, -Infinity without one. */
function lastFloatTime({ times }: RangeSeries, call: RangeCall, step: number): number {
  return floatCount(call, step) > 0 ? times[call.windows.floatTo[step]! - 1]! : -Infinity;
}

/** Time of the oldest float of a window, Infinity without one. */
function firstFloatTime({ times }: RangeSeries, call: RangeCall, step: number): number {
  return floatCount(call, step) > 0 ? times[call.windows.floatFrom[step]!]! : Infinity;
}

export const lastMixed: HistogramKernel = (series, call, step, out) => {
  const { timestamp, histogram } = series.histograms[call.windows.histogramTo[step]! - 1]!;
  if (timestamp >= lastFloatTime(series, call, step)) setHistogram(out, step, histogram);
};

export const firstMixed: HistogramKernel = (series, call, step, out) => {
  const { timestamp, histogram } = series.histograms[call.windows.histogramFrom[step]!]!;
  if (timestamp <= firstFloatTime(series, call, step)) setHistogram(out, step, histogram);
};

export const timeOfLastMixed: HistogramKernel = (series, call, step, out) => {
  const { timestamp } = series.histograms[call.windows.histogramTo[step]! - 1]!;
  setFloat(out, step, Math.max(timestamp, lastFloatTime(series, call, step)) / 1000);
};

export const timeOfFirstMixed: HistogramKernel = (series, call, step, out) => {
  const { timestamp } = series.histograms[call.windows.histogramFrom[step]!]!;
  setFloat(out, step, Math.min(timestamp, firstFloatTime(series, call, step)) / 1000);
};
