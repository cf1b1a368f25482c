import type { FloatHistogram, Span } from '../../model/index.ts';
import type { HistogramSample } from '../api.ts';

/** Histogram samples of one series up to some moment; what follows later does not show. */
export interface HistogramView {
  readonly timestamps: readonly number[];
  readonly histograms: readonly (FloatHistogram | undefined)[];
  readonly length: number;
}

/**
 * Histogram samples of one series, ascending. Appending goes in place; any other change makes new
 * arrays, so that a view stays as it was taken.
 */
export class HistogramTimeline {
  #timestamps: number[] = [];
  #histograms: (FloatHistogram | undefined)[] = [];

  get length(): number {
    return this.#timestamps.length;
  }

  get newest(): number {
    return this.#timestamps.at(-1) ?? -Infinity;
  }

  view(): HistogramView {
    return {
      timestamps: this.#timestamps,
      histograms: this.#histograms,
      length: this.#timestamps.length,
    };
  }

  /** Index of the sample at this time, -1 where there is none. */
  find(timestamp: number): number {
    const index = lowerBound(this.#timestamps, this.length, timestamp);
    return this.#timestamps[index] === timestamp ? index : -1;
  }

  at(index: number): FloatHistogram | undefined {
    return this.#histograms[index];
  }

  /** Puts a sample in its place; the time must be free. */
  insert(timestamp: number, histogram: FloatHistogram | undefined): void {
    if (timestamp > this.newest) {
      this.#timestamps.push(timestamp);
      this.#histograms.push(histogram);
      return;
    }
    const index = lowerBound(this.#timestamps, this.length, timestamp);
    this.#timestamps = this.#timestamps.toSpliced(index, 0, timestamp);
    this.#histograms = this.#histograms.toSpliced(index, 0, histogram);
  }

  /** Removes samples within the times and returns how many there were. */
  remove(minTime: number, maxTime: number): number {
    const from = lowerBound(this.#timestamps, this.length, minTime);
    let to = from;
    while (to < this.length && this.#timestamps[to]! <= maxTime) to++;
    if (to === from) return 0;
    this.#timestamps = this.#timestamps.toSpliced(from, to - from);
    this.#histograms = this.#histograms.toSpliced(from, to - from);
    return to - from;
  }
}

/** First index at or after `time` among the first `length` of ascending times. */
function lowerBound(times: readonly number[], length: number, time: number): number {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (times[middle]! < time) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The samples of a view within the times. */
export function readHistograms(
  view: HistogramView,
  minTime: number,
  maxTime: number,
): HistogramSample[] {
  const samples: HistogramSample[] = [];
  let index = lowerBound(view.timestamps, view.length, minTime);
  for (; index < view.length && view.timestamps[index]! <= maxTime; index++) {
    samples.push({ timestamp: view.timestamps[index]!, histogram: view.histograms[index] });
  }
  return samples;
}

/** Whether two histogram samples are the same in every field; -0 and 0 differ, NaN equals NaN. */
export function sameHistogram(
  a: FloatHistogram | undefined,
  b: FloatHistogram | undefined,
): boolean {
  if (a === undefined || b === undefined) return a === b;
  return (
    a.counterReset === b.counterReset &&
    a.schema === b.schema &&
    Object.is(a.zeroThreshold, b.zeroThreshold) &&
    Object.is(a.zeroCount, b.zeroCount) &&
    Object.is(a.count, b.count) &&
    Object.is(a.sum, b.sum) &&
    sameSpans(a.positiveSpans, b.positiveSpans) &&
    sameNumbers(a.positiveBuckets, b.positiveBuckets) &&
    sameSpans(a.negativeSpans, b.negativeSpans) &&
    sameNumbers(a.negativeBuckets, b.negativeBuckets) &&
    sameNumbers(a.customValues, b.customValues)
  );
}

function sameSpans(a: readonly Span[], b: readonly Span[]): boolean {
  if (a.length !== b.length) return false;
  return a.every((span, index) => {
    const other = b[index]!;
    return span.offset === other.offset && span.length === other.length;
  });
}

function sameNumbers(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((value, index) => Object.is(value, b[index]));
}
