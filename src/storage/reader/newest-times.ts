import type { HistogramSample } from '../api.ts';
import type { ChunkRef, TimeColumn } from '../block/index-writer.ts';
import type { HiddenTimes } from './block-series.ts';
import type { FloatRun } from './series-merge.ts';

/** Of each series a time at which it has a sample: older ones do not matter. */
export class NewestTimes {
  readonly #maxTime: number;
  /** By series. */
  readonly #times: number[] = [];

  /** Samples after `maxTime` do not matter either. */
  constructor(maxTime: number) {
    this.#maxTime = maxTime;
  }

  /** Takes in samples of a series, none of them after `maxTime`. */
  addSamples(
    series: number,
    floats: FloatRun | undefined,
    histograms: readonly HistogramSample[] | undefined,
  ): void {
    if (floats !== undefined && floats.to > floats.from) {
      this.#add(series, floats.timestamps[floats.to - 1]!);
    }
    const last = histograms?.at(-1);
    if (last !== undefined) this.#add(series, last.timestamp);
  }

  /** Of chunks of a series those that may have its newest sample, or another of that time. */
  needed(
    series: number,
    chunks: readonly ChunkRef[],
    columns: readonly TimeColumn[],
    hidden: HiddenTimes,
  ): readonly ChunkRef[] {
    // What deletes hid of a chunk is not known before it is read.
    if (hidden.length === 0) {
      for (const { column } of chunks) {
        const { minTime, maxTime } = columns[column]!;
        if (maxTime <= this.#maxTime) this.#add(series, maxTime);
        else if (minTime <= this.#maxTime) this.#add(series, minTime);
      }
    }
    const newest = this.#times[series] ?? -Infinity;
    return chunks.filter(({ column }) => columns[column]!.maxTime >= newest);
  }

  #add(series: number, time: number): void {
    const known = this.#times[series];
    if (known === undefined || known < time) this.#times[series] = time;
  }
}
