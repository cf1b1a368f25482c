import type { RangeWindows } from './range-function.ts';

/** Extrapolation reaches the window's edge when that is nearer than this many average gaps. */
export const EDGE_GAPS = 1.1;

/** What extrapolation takes from the times of samples alone, for each step. */
export interface WindowEdges {
  /** `RangeWindows.fills` of the windows that these are the edges of. */
  readonly fills: number;
  /** Seconds from the first to the last sample; 0 where there are fewer than two. */
  readonly sampled: Float64Array;
  /** Seconds that the window is taken to begin before its first sample. */
  readonly toStart: Float64Array;
  /** Likewise at its end. */
  readonly toEnd: Float64Array;
  /** What an increase is multiplied by: for how much longer that is, and to be per second. */
  readonly scale: Float64Array;
  /** The greatest of `toStart` over `sampled`. */
  readonly startShareMax: number;
  /** Every window has two samples. */
  readonly isFull: boolean;
}

/**
 * The edges of windows; those of the series before where the times are the same. `unitSeconds`:
 * what increases are divided by, the same in all calls for these windows.
 */
export function windowEdges(
  windows: RangeWindows,
  times: Float64Array,
  unitSeconds: number,
): WindowEdges {
  const known = windows.edges;
  if (known?.fills === windows.fills) return known;
  const { count, begins, ends, floatFrom, floatTo, fills } = windows;
  let startShareMax = 0;
  let isFull = true;
  const edges = {
    sampled: known?.sampled ?? new Float64Array(count),
    toStart: known?.toStart ?? new Float64Array(count),
    toEnd: known?.toEnd ?? new Float64Array(count),
    scale: known?.scale ?? new Float64Array(count),
  };
  for (let step = 0; step < count; step++) {
    const from = floatFrom[step]!;
    const last = floatTo[step]! - 1;
    if (last <= from) {
      edges.sampled[step] = 0;
      isFull = false;
      continue;
    }
    const sampled = (times[last]! - times[from]!) / 1000;
    const averageGap = sampled / (last - from);
    const threshold = averageGap * EDGE_GAPS;
    let toStart = (times[from]! - begins[step]!) / 1000;
    if (toStart >= threshold) toStart = averageGap / 2;
    let toEnd = (ends[step]! - times[last]!) / 1000;
    if (toEnd >= threshold) toEnd = averageGap / 2;
    edges.sampled[step] = sampled;
    edges.toStart[step] = toStart;
    edges.toEnd[step] = toEnd;
    edges.scale[step] = (sampled + toStart + toEnd) / sampled / unitSeconds;
    startShareMax = Math.max(startShareMax, toStart / sampled);
  }
  windows.edges = { ...edges, fills, startShareMax, isFull };
  return windows.edges;
}
