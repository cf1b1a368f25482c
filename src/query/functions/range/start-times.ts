import type { RangeCall, RangeSeries } from './range-function.ts';

/**
 * Whether counting began anew between sample `index − 1` and `index`, going by their start times.
 * A start at the time before is a reset only for deltas, whose starts follow their predecessors.
 */
export function isStartTimeReset(
  startTimes: ArrayLike<number>,
  times: ArrayLike<number>,
  index: number,
): boolean {
  return isResetBetween({
    before: times[index - 1]!,
    startBefore: startTimes[index - 1]!,
    time: times[index]!,
    start: startTimes[index]!,
  });
}

export interface StartTimePair {
  readonly before: number;
  readonly startBefore: number;
  readonly time: number;
  readonly start: number;
}

export function isResetBetween({ before, startBefore, time, start }: StartTimePair): boolean {
  if (start === 0 || start >= time || start < before) return false;
  if (start > before) return true;
  return startBefore <= before && startBefore !== 0 && startBefore !== before;
}

/** Whether a sample's start time lies before the sample that precedes it, and is a new one. */
export function startsOverlap({ before, startBefore, start }: StartTimePair): boolean {
  return start !== 0 && start < before && start !== startBefore;
}

/** Warns where start times overlap the samples before them, in any window. */
export function warnStartTimeOverlap(series: RangeSeries, call: RangeCall): void {
  const { times, startTimes, length } = series;
  if (startTimes === undefined) return;
  const { count, floatFrom, floatTo } = call.windows;
  const overlaps = new Uint8Array(length);
  for (let index = 1; index < length; index++) {
    const pair = {
      before: times[index - 1]!,
      startBefore: startTimes[index - 1]!,
      time: times[index]!,
      start: startTimes[index]!,
    };
    if (startsOverlap(pair)) overlaps[index] = 1;
  }
  let occurrences = 0;
  for (let step = 0; step < count; step++) {
    if (overlaps.subarray(floatFrom[step]! + 1, floatTo[step]).includes(1)) occurrences++;
  }
  addOverlap(series, call, occurrences);
}

export function addOverlap(series: RangeSeries, call: RangeCall, occurrences: number): void {
  if (occurrences === 0) return;
  call.annotations.warn(
    'sample has start time that overlaps with previous sample timestamp for metric ' +
      JSON.stringify(series.metricName),
    call.span,
    new Occurrences(occurrences),
  );
}

class Occurrences {
  readonly count: number;

  constructor(count: number) {
    this.count = count;
  }

  merge(other: unknown): Occurrences {
    return new Occurrences(this.count + (other instanceof Occurrences ? other.count : 0));
  }

  toString(): string {
    return this.count > 1 ? ` (${this.count} occurrences)` : '';
  }
}
