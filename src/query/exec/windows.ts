import type { RangeSeries, RangeWindows } from '../functions/range/range-function.ts';
import type { Grid } from './columns.ts';
import type { MatrixNode, SubqueryNode } from './plan.ts';

/** Windows whose sample indices are filled anew for each series. */
export interface MutableWindows extends RangeWindows {
  /** The times of the floats that the windows are filled for, so far. */
  filledTimes: Float64Array;
  filledLength: number;
  /** Floats in all windows together. */
  filledTotal: number;
  fills: number;
}

/** The windows of a range at each step of a grid; no sample is in them yet. */
export function makeWindows(
  node: Pick<MatrixNode, 'kind' | 'selector' | 'rangeMs'> | SubqueryNode,
  grid: Grid,
): MutableWindows {
  const { atMs, offsetMs } = node.kind === 'matrix' ? node.selector : node;
  const { count, startMs, stepMs } = grid;
  const ends = new Float64Array(count);
  const begins = new Float64Array(count);
  for (let step = 0; step < count; step++) {
    ends[step] = (atMs ?? startMs + step * stepMs) - offsetMs;
    begins[step] = ends[step]! - node.rangeMs;
  }
  return {
    count,
    rangeMs: node.rangeMs,
    begins,
    ends,
    floatFrom: new Int32Array(count),
    floatTo: new Int32Array(count),
    histogramFrom: new Int32Array(count),
    histogramTo: new Int32Array(count),
    filledTimes: new Float64Array(0),
    filledLength: -1,
    filledTotal: 0,
    fills: 0,
    edges: undefined,
  };
}

/**
 * Finds the samples in each window, in one pass. Extended windows reach back by the lookback,
 * smoothed ones forward too. Returns the number of samples in all windows together.
 */
export function fillWindows(
  windows: MutableWindows,
  series: RangeSeries,
  extension: 'anchored' | 'smoothed' | undefined,
  lookbackMs: number,
): number {
  const before = extension === undefined ? 0 : lookbackMs;
  const after = extension === 'smoothed' ? lookbackMs : 0;
  if (!isFilledFor(windows, series)) fillFloats(windows, series, before, after);
  const { histograms } = series;
  let total = windows.filledTotal;
  if (histograms.length === 0) return total;
  const { begins, ends, histogramFrom, histogramTo } = windows;
  let from = 0;
  let to = 0;
  for (let step = 0; step < windows.count; step++) {
    const begin = begins[step]! - before;
    const end = ends[step]! + after;
    while (to < histograms.length && histograms[to]!.timestamp <= end) to++;
    while (from < to && histograms[from]!.timestamp <= begin) from++;
    histogramFrom[step] = from;
    histogramTo[step] = to;
    total += to - from;
  }
  return total;
}

/**
 * Whether the floats have the very times of those before: series of one target do, and need no
 * second look (2,560 rates at 240 steps: 16 ms instead of 26).
 */
function isFilledFor(windows: MutableWindows, { times, length }: RangeSeries): boolean {
  if (windows.filledLength !== length) return false;
  const { filledTimes } = windows;
  for (let index = length - 1; index >= 0; index--) {
    if (filledTimes[index] !== times[index]) return false;
  }
  return true;
}

function fillFloats(
  windows: MutableWindows,
  { times, length }: RangeSeries,
  before: number,
  after: number,
): void {
  const { begins, ends, floatFrom, floatTo } = windows;
  let from = 0;
  let to = 0;
  let total = 0;
  for (let step = 0; step < windows.count; step++) {
    const begin = begins[step]! - before;
    const end = ends[step]! + after;
    while (to < length && times[to]! <= end) to++;
    while (from < to && times[from]! <= begin) from++;
    floatFrom[step] = from;
    floatTo[step] = to;
    total += to - from;
  }
  if (windows.filledTimes.length < length) windows.filledTimes = new Float64Array(2 * length);
  windows.filledTimes.set(times.subarray(0, length));
  windows.filledLength = length;
  windows.filledTotal = total;
  windows.fills++;
}
