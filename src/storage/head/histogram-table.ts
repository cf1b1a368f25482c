import type { HistogramView } from './histogram-timeline.ts';
import { HistogramTimeline } from './histogram-timeline.ts';

/** Histograms of the few series that have any, by ref. */
export class HistogramTable {
  readonly #timelines = new Map<number, HistogramTimeline>();
  /** Histogram samples held. */
  sampleCount = 0;

  get(ref: number): HistogramTimeline | undefined {
    return this.#timelines.get(ref);
  }

  view(ref: number): HistogramView | undefined {
    return this.#timelines.get(ref)?.view();
  }

  has(ref: number): boolean {
    return this.#timelines.has(ref);
  }

  /** Time of the newest histogram of a series, -Infinity where it has none. */
  newest(ref: number): number {
    return this.#timelines.get(ref)?.newest ?? -Infinity;
  }

  /** Time of the oldest one, Infinity where there is none. */
  oldest(ref: number): number {
    return this.#timelines.get(ref)?.view().timestamps[0] ?? Infinity;
  }

  refs(): Iterable<number> {
    return this.#timelines.keys();
  }

  /** Puts a sample in its place, which must be free; whether it is the first of its series. */
  insert(ref: number, ...sample: Parameters<HistogramTimeline['insert']>): boolean {
    let timeline = this.#timelines.get(ref);
    const isFirst = timeline === undefined;
    if (timeline === undefined) {
      timeline = new HistogramTimeline();
      this.#timelines.set(ref, timeline);
    }
    timeline.insert(...sample);
    this.sampleCount++;
    return isFirst;
  }

  /** Removes samples within the times; how many. */
  remove(ref: number, minTime: number, maxTime: number): number {
    const timeline = this.#timelines.get(ref);
    if (timeline === undefined) return 0;
    const removed = timeline.remove(minTime, maxTime);
    this.sampleCount -= removed;
    if (timeline.length === 0) this.#timelines.delete(ref);
    return removed;
  }
}
