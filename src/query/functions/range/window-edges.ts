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
  /** How much longer it is then taken to be than the time sampled. */
  readonly factor: Float64Array;
}

/** The edges of windows; those of the series before where the times are the same. */
export function windowEdges(windows: RangeWindows, times: Float64Array): WindowEdges {
  const known = windows.edges;
  if (known?.fills === windows.fills) return known;
  const { count, begins, ends, floatFrom, floatTo, fills } = windows;
  const edges = {
    fills,
    sampled: known?.sampled ?? new Float64Array(count),
    toStart: known?.toStart ?? new Float64Array(count),
    toEnd: known?.toEnd ?? new Float64Array(count),
    factor: known?.factor ?? new Float64Array(count),
  };
  for (let step = 0; step < count; step++) {
    const from = floatFrom[step]!;
    const last = floatTo[step]! - 1;
    if (last <= from) {
      edges.sampled[step] = 0;
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
    edges.factor[step] = (sampled + toStart + toEnd) / sampled;
  }
  windows.edges = edges;
  return edges;
}
