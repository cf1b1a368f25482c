import type { SampleColumns } from '../../model/index.ts';
import type { HistogramSample, SelectHints } from '../api.ts';

/**
 * Which samples of a series lookups find: each the newest at its time or before. Goes through the
 * samples from the oldest on.
 */
export class Lookups {
  readonly #times: Float64Array;
  #next = 0;

  /** `times` ascending. */
  constructor(times: Float64Array) {
    this.#times = times;
  }

  /** Whether one sample is all that can be found of a series. */
  get isOne(): boolean {
    return this.#times.length === 1;
  }

  /** Begins with another series. */
  restart(): void {
    this.#next = 0;
  }

  /** Whether any finds the sample at `time`; the next one is at `following`, Infinity: none is. */
  find(time: number, following: number): boolean {
    const times = this.#times;
    while (times[this.#next]! < time) this.#next++;
    if (this.#next === times.length) return false;
    return following === Infinity || times[this.#next]! < following;
  }

  /** Takes out of the samples from `from` on, which are of one series, what is not found. */
  keepFound(columns: SampleColumns, from: number): void {
    this.restart();
    const { timestamps, words, length } = columns;
    let kept = from;
    for (let index = from; index < length; index++) {
      const time = timestamps[index]!;
      if (!this.find(time, index + 1 < length ? timestamps[index + 1]! : Infinity)) continue;
      timestamps[kept] = time;
      words[2 * kept] = words[2 * index]!;
      words[2 * kept + 1] = words[2 * index + 1]!;
      kept++;
    }
    columns.length = kept;
  }

  /** Those of the histograms of a series that are found. */
  found(samples: readonly HistogramSample[]): readonly HistogramSample[] {
    if (samples.length < 2) return samples;
    this.restart();
    return samples.filter(({ timestamp }, index) =>
      this.find(timestamp, samples[index + 1]?.timestamp ?? Infinity),
    );
  }
}

/** The lookups of a selection, where it is made of such. */
export function lookupsOf({ lookupTimes }: SelectHints): Lookups | undefined {
  return lookupTimes === undefined ? undefined : new Lookups(lookupTimes);
}

/** Most samples of one kind that a selection takes of a series. */
export function mostOfSeries({ lookupTimes }: Pick<SelectHints, 'lookupTimes'>): number {
  return lookupTimes?.length ?? Infinity;
}

/** The hints without the times after the last lookup, at which nothing is found. */
export function narrowed(hints: SelectHints): SelectHints {
  const last = hints.lookupTimes?.at(-1);
  return last === undefined || last >= hints.maxTime ? hints : { ...hints, maxTime: last };
}
