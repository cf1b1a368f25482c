import type { ChunkRun } from './chunk-run.ts';
import type { ChunkStore } from './chunk-store.ts';
import { NO_CHUNK } from './chunk-store.ts';
import type { HistogramView } from './histogram-timeline.ts';
import type { MemSeries } from './mem-series.ts';

/**
 * Which samples some series held at one moment, for reading them in pieces later: lists of chunks
 * and counts, no samples. Holds a pin until `release`; what is stored after the moment of capture
 * does not show, what is deleted or moved after it still does.
 */
export class Capture {
  readonly series: readonly MemSeries[];
  readonly #chunkLists: readonly (readonly number[])[];
  readonly #chunkCounts: Int32Array;
  readonly #tails: Int32Array;
  readonly #tailCounts: Uint8Array;
  readonly #histograms = new Map<number, HistogramView>();
  readonly #release: () => void;

  constructor(store: ChunkStore, series: readonly MemSeries[]) {
    this.series = series;
    this.#release = store.pin();
    this.#chunkLists = series.map((each) => each.chunks);
    this.#chunkCounts = new Int32Array(series.length);
    this.#tails = new Int32Array(series.length);
    this.#tailCounts = new Uint8Array(series.length);
    for (let index = 0; index < series.length; index++) {
      const each = series[index]!;
      this.#chunkCounts[index] = each.chunks.length;
      this.#tails[index] = each.tail;
      this.#tailCounts[index] = each.tail === NO_CHUNK ? 0 : store.count(each.tail);
      if (each.histograms !== undefined) this.#histograms.set(index, each.histograms.view());
    }
  }

  /** Makes `run` read the float samples of series `index` as captured. */
  load(index: number, run: ChunkRun): void {
    run.load(
      this.#chunkLists[index]!,
      this.#chunkCounts[index]!,
      this.#tails[index]!,
      this.#tailCounts[index]!,
    );
  }

  histograms(index: number): HistogramView | undefined {
    return this.#histograms.get(index);
  }

  /** Lets go of the samples. May be called again. */
  release(): void {
    this.#release();
  }
}
