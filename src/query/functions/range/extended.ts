import { type SeriesColumn, setFloat } from '../../exec/columns.ts';
import { countBetween, type Between } from './changes.ts';
import type { RateKind } from './rate.ts';
import type { FloatKernel, RangeCall, RangeSeries } from './range-function.ts';

/**
 * `anchored` and `smoothed` ranges (Prometheus proposal 52): the range's edges are given values,
 * so that nothing is extrapolated. Windows reach back by the lookback, smoothed ones forward too.
 */

/** The value at `time` on the line between two neighbouring samples, 0 before a counter reset. */
export function interpolateBetween(
  { times, values }: Pick<RangeSeries, 'times' | 'values'>,
  index: number,
  time: number,
  isCounter: boolean,
): number {
  const next = values[index + 1]!;
  const start = isCounter && next < values[index]! ? 0 : values[index]!;
  const elapsed = time - times[index]!;
  return start + ((next - start) * elapsed) / (times[index + 1]! - times[index]!);
}

/** Index of the first sample in `[from, to)` after `time` (or, if `orAt`, at it), else `to`. */
function firstAfter(
  times: Float64Array,
  range: { from: number; to: number },
  time: number,
  orAt: boolean,
): number {
  let index = range.from;
  while (index < range.to && (orAt ? times[index]! < time : times[index]! <= time)) index++;
  return index;
}

/**
 * The last sample at the range's begin or before (or the first one in it), and the last one in the
 * range (smoothed: the first at its end or after, where there is one).
 */
export function extendedBounds(
  times: Float64Array,
  { from, to }: { from: number; to: number },
  { begin, end }: { begin: number; end: number },
  isSmoothed: boolean,
): { first: number; last: number } | undefined {
  const newest = to - 1;
  const first = Math.max(from, firstAfter(times, { from, to: newest }, begin, false) - 1);
  const last = isSmoothed ? firstAfter(times, { from, to: newest }, end, true) : newest;
  if (times[last]! <= begin) return undefined;
  if (isSmoothed && times[first]! > end) return undefined;
  return { first, last };
}

/** rate, increase, delta of floats over an extended range. */
export function extendedRate(kind: RateKind): FloatKernel {
  return (series, call, out) => {
    for (let step = 0; step < call.windows.count; step++) {
      const from = call.windows.floatFrom[step]!;
      const to = call.windows.floatTo[step]!;
      if (to > from) extendedStep(kind, series, call, { from, to, step }, out);
    }
  };
}

function extendedStep(
  { isCounter, isRate }: RateKind,
  series: RangeSeries,
  { windows, extension }: RangeCall,
  { from, to, step }: { from: number; to: number; step: number },
  out: SeriesColumn,
): void {
  const begin = windows.begins[step]!;
  const end = windows.ends[step]!;
  const isSmoothed = extension === 'smoothed';
  const bounds = extendedBounds(series.times, { from, to }, { begin, end }, isSmoothed);
  if (bounds === undefined) return;
  const { left, right } = edgeValues(series, bounds, { begin, end }, { isSmoothed, isCounter });
  let result = right - left;
  if (isCounter) {
    const inner = innerSamples(series.times, bounds, { begin, end });
    result += lostInResets(series.values, left, right, inner);
  }
  setFloat(out, step, isRate ? result / (windows.rangeMs / 1000) : result);
}

export function edgeValues(
  series: Pick<RangeSeries, 'times' | 'values'>,
  { first, last }: { first: number; last: number },
  { begin, end }: { begin: number; end: number },
  { isSmoothed, isCounter }: { isSmoothed: boolean; isCounter: boolean },
): { left: number; right: number } {
  const { times, values } = series;
  const left =
    isSmoothed && times[first]! < begin
      ? interpolateBetween(series, first, begin, isCounter)
      : values[first]!;
  const right =
    isSmoothed && last > 0 && times[last]! > end
      ? interpolateBetween(series, last - 1, end, isCounter)
      : values[last]!;
  return { left, right };
}

/** The samples strictly inside the range, as `[first, last]`. */
export function innerSamples(
  times: Float64Array,
  { first, last }: { first: number; last: number },
  { begin, end }: { begin: number; end: number },
): { first: number; last: number } {
  return {
    first: times[first]! <= begin ? first + 1 : first,
    last: times[last]! >= end ? last - 1 : last,
  };
}

function lostInResets(
  values: Float64Array,
  left: number,
  right: number,
  inner: { first: number; last: number },
): number {
  let lost = 0;
  let before = left;
  for (let index = inner.first; index <= inner.last; index++) {
    const value = values[index]!;
    if (value < before) lost += before;
    before = value;
  }
  return right < before ? lost + before : lost;
}

/** changes and resets over an anchored range: from the last sample at its begin or before. */
export function anchoredCount(between: Between): FloatKernel {
  const count = countBetween(between);
  return (series, call, out) => {
    const { windows } = call;
    const floatFrom = windows.floatFrom.slice();
    const floatTo = windows.floatTo.slice();
    for (let step = 0; step < windows.count; step++) {
      const from = floatFrom[step]!;
      const to = floatTo[step]!;
      const inside = firstAfter(series.times, { from, to }, windows.begins[step]!, false);
      // A window without a sample in the range itself has no answer.
      if (inside >= to) floatTo[step] = from;
      else floatFrom[step] = Math.max(from, inside - 1);
    }
    count(series, { ...call, windows: { ...windows, floatFrom, floatTo } }, out);
  };
}
