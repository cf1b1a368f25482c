import { FLOAT, type SeriesColumn, setFloat } from '../../exec/columns.ts';
import type { FloatKernel, RangeCall, RangeSeries } from './range-function.ts';
import { isStartTimeReset, warnStartTimeOverlap } from './start-times.ts';
import { EDGE_GAPS, type WindowEdges, windowEdges } from './window-edges.ts';

export interface RateKind {
  readonly isCounter: boolean;
  /** Per second. */
  readonly isRate: boolean;
}

/** rate, increase, delta of floats. */
export function extrapolatedRate(kind: RateKind): FloatKernel {
  return (series, call, out) => {
    if (series.startTimes === undefined) {
      plainRates(kind, series, call, out);
      return;
    }
    const { count, floatFrom, floatTo } = call.windows;
    const resets = kind.isCounter ? new ResetIndex(series, call) : undefined;
    for (let step = 0; step < count; step++) {
      const from = floatFrom[step]!;
      const to = floatTo[step]!;
      if (to > from) rateStep(kind, { series, call, resets, from, to, step }, out);
    }
  };
}

/**
 * Of how many times the extrapolated start the time back to zero may be for that to be looked at
 * exactly: more than rounding can make of 1.
 */
const NEAR_ZERO = 1 + 1e-12;

/**
 * All steps of a series without start timestamps. What follows from the times alone is kept from
 * the series before where it has the same: each step then takes no division (1,280 rates at 240
 * steps, summed: 4 ms instead of 10).
 */
function plainRates(
  { isCounter, isRate }: RateKind,
  series: RangeSeries,
  { windows }: RangeCall,
  column: SeriesColumn,
): void {
  const { values: results, present } = column;
  const { values, times, length } = series;
  const { count, floatFrom, floatTo } = windows;
  const unitSeconds = isRate ? windows.rangeMs / 1000 : 1;
  const edges = windowEdges(windows, times, unitSeconds);
  const { sampled, toStart, toEnd, scale } = edges;
  const mayFall = isCounter && !(series.onlyRises ?? onlyRises(values, length));
  if (edges.isFull && !mayFall && (!isCounter || isFarFromZero(values, length, edges))) {
    for (let step = 0; step < count; step++) {
      const increase = values[floatTo[step]! - 1]! - values[floatFrom[step]!]!;
      results[step] = increase * scale[step]!;
    }
    present.fill(FLOAT);
    column.isFull = true;
    return;
  }
  const resets = mayFall ? new ResetIndex(series, undefined) : undefined;
  for (let step = 0; step < count; step++) {
    const span = sampled[step]!;
    if (span === 0) continue;
    const from = floatFrom[step]!;
    const last = floatTo[step]! - 1;
    const first = values[from]!;
    let increase = values[last]! - first;
    if (resets !== undefined) increase = resets.addLost(from, last, increase);
    let factor = scale[step]!;
    if (
      isCounter &&
      increase > 0 &&
      first >= 0 &&
      span * first <= toStart[step]! * increase * NEAR_ZERO
    ) {
      const toZero = Math.min(span * (first / increase), toStart[step]!);
      factor = (span + toZero + toEnd[step]!) / span / unitSeconds;
    }
    results[step] = increase * factor;
    present[step] = FLOAT;
  }
}

/** Whether no window of a counter that never falls can reach back to where it was zero. */
function isFarFromZero(
  values: Float64Array,
  length: number,
  { startShareMax }: WindowEdges,
): boolean {
  const first = values[0]!;
  // False for NaN too.
  return first > (values[length - 1]! - first) * startShareMax * NEAR_ZERO;
}

/** Whether the values are known to rise only: beside NaN nothing is known. */
function onlyRises(values: Float64Array, length: number): boolean {
  for (let index = 1; index < length; index++) {
    if (!(values[index]! >= values[index - 1]!)) return false;
  }
  return true;
}

interface RateStep {
  readonly series: RangeSeries;
  readonly call: RangeCall;
  readonly resets: ResetIndex | undefined;
  readonly from: number;
  readonly to: number;
  readonly step: number;
}

function rateStep(kind: RateKind, window: RateStep, out: SeriesColumn): void {
  const { series, call, resets, from, to, step } = window;
  const { times, values, startTimes } = series;
  const begin = call.windows.begins[step]!;
  const firstTime = times[from]!;
  const startTime = kind.isCounter ? (startTimes?.[from] ?? 0) : 0;
  const hasStart = startTime !== 0 && startTime > begin && startTime < firstTime;
  if (to - from < 2 && !hasStart) return;
  const last = to - 1;
  let increase = values[last]! - values[from]!;
  if (resets !== undefined) increase = resets.addLost(from, last, increase);
  const factor = extrapolationFactor(
    {
      begin,
      end: call.windows.ends[step]!,
      firstTime,
      lastTime: times[last]!,
      gaps: last - from,
      startTime: hasStart ? startTime : undefined,
    },
    kind.isCounter && increase > 0 && values[from]! >= 0 ? values[from]! / increase : undefined,
  );
  if (hasStart) increase += values[from]!;
  const perSecond = kind.isRate ? call.windows.rangeMs / 1000 : 1;
  setFloat(out, step, increase * (factor / perSecond));
}

export interface SampledWindow {
  readonly begin: number;
  readonly end: number;
  readonly firstTime: number;
  readonly lastTime: number;
  /** Samples less one. */
  readonly gaps: number;
  /** When the first sample's count began, where that lies in the window. */
  readonly startTime: number | undefined;
}

/**
 * How much longer the window is taken to be than the time between its first and last sample.
 * `zeroShare`: of a counter, its first value relative to the increase, which tells how long before
 * the first sample it must have been zero.
 */
export function extrapolationFactor(
  { begin, end, firstTime, lastTime, gaps, startTime }: SampledWindow,
  zeroShare: number | undefined,
): number {
  let sampled = (lastTime - firstTime) / 1000;
  const averageGap = gaps > 0 ? sampled / gaps : 0;
  const threshold = averageGap * EDGE_GAPS;
  let toStart = (firstTime - begin) / 1000;
  let toEnd = (end - lastTime) / 1000;
  if (startTime === undefined) {
    if (toStart >= threshold) toStart = averageGap / 2;
    if (zeroShare !== undefined) toStart = Math.min(toStart, sampled * zeroShare);
  } else {
    toStart = 0;
    sampled = (lastTime - startTime) / 1000;
  }
  if (toEnd >= threshold) toEnd = averageGap / 2;
  return sampled === 0 ? 1 : (sampled + toStart + toEnd) / sampled;
}

/** Where a counter fell, so that windows without a reset need no second look at their samples. */
class ResetIndex {
  readonly #values: Float64Array;
  /** Resets up to each sample; empty while there is none at all. */
  readonly #counts: Int32Array | undefined;
  readonly #isReset: (index: number) => boolean;

  /** `call`: that whose annotations tell of start timestamps; of no use without these. */
  constructor(series: RangeSeries, call: RangeCall | undefined) {
    const { values, times, length, startTimes } = series;
    this.#values = values;
    this.#isReset = (index) =>
      values[index]! < values[index - 1]! ||
      (startTimes !== undefined && isStartTimeReset(startTimes, times, index));
    let counts: Int32Array | undefined;
    for (let index = 1; index < length; index++) {
      if (counts !== undefined) counts[index] = counts[index - 1]!;
      if (!this.#isReset(index)) continue;
      counts ??= new Int32Array(length);
      counts[index]!++;
    }
    this.#counts = counts;
    if (startTimes !== undefined && call !== undefined) warnStartTimeOverlap(series, call);
  }

  /** The plain increase from `from` to `to`, and the values before each reset between them. */
  addLost(from: number, to: number, increase: number): number {
    const counts = this.#counts;
    if (counts === undefined || counts[from] === counts[to]) return increase;
    let total = increase;
    for (let index = from + 1; index <= to; index++) {
      if (this.#isReset(index)) total += this.#values[index - 1]!;
    }
    return total;
  }
}

/** irate and idelta of floats: from the last two samples. */
export function instantRate(isRate: boolean): FloatKernel {
  return (series, call, out) => {
    const { count, floatFrom, floatTo } = call.windows;
    const { times, values, startTimes } = series;
    for (let step = 0; step < count; step++) {
      const last = floatTo[step]! - 1;
      if (last - 1 < floatFrom[step]!) continue;
      const seconds = (times[last]! - times[last - 1]!) / 1000;
      if (seconds === 0) continue;
      const difference = values[last]! - values[last - 1]!;
      if (!isRate) {
        setFloat(out, step, difference);
        continue;
      }
      const isReset =
        difference < 0 || (startTimes !== undefined && isStartTimeReset(startTimes, times, last));
      setFloat(out, step, (isReset ? values[last]! : difference) / seconds);
    }
  };
}
