import type { RangeSeries, RangeWindows } from '../functions/range/range-function.ts';
import type { Grid } from './columns.ts';
import type { MatrixNode, SubqueryNode } from './plan.ts';

/** Windows whose sample indices are filled anew for each series. */
export type MutableWindows = RangeWindows;

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
  const { begins, ends, floatFrom, floatTo, histogramFrom, histogramTo } = windows;
  const { times, length, histograms } = series;
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
  if (histograms.length === 0) return total;
  from = 0;
  to = 0;
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
