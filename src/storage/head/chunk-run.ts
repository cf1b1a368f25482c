import type { SampleColumns } from '../../model/index.ts';
import type { ChunkStore } from './chunk-store.ts';
import { NO_CHUNK, timesAt } from './chunk-store.ts';
import type { MemSeries } from './mem-series.ts';
import { lowerBound } from './mem-series.ts';

/**
 * Reads the chunks of one series after another, as they are now or as they were when captured: the
 * list of chunks, its length then, the tail then and the number of samples in it. One object is
 * loaded again and again.
 */
export class ChunkRun {
  readonly #store: ChunkStore;
  #chunks: readonly number[] = [];
  #last = -1;
  #tail = NO_CHUNK;
  #tailCount = 0;

  constructor(store: ChunkStore) {
    this.#store = store;
  }

  /** Loads a series as it is now. */
  loadSeries(series: MemSeries): void {
    const tailCount = series.tail === NO_CHUNK ? 0 : this.#store.count(series.tail);
    this.load(series.chunks, series.chunks.length, series.tail, tailCount);
  }

  load(chunks: readonly number[], chunkCount: number, tail: number, tailCount: number): void {
    this.#chunks = chunks;
    this.#last = chunkCount - 1;
    this.#tail = tail;
    this.#tailCount = tailCount;
  }

  /** Number of samples within the times. */
  count(minTime: number, maxTime: number): number {
    let total = 0;
    for (let index = this.#firstChunk(minTime); index <= this.#last; index++) {
      const from = this.#from(index, minTime);
      const to = this.#to(index, maxTime);
      if (to <= from) break;
      total += to - from;
    }
    return total;
  }

  /** Whether there is a sample within the times. */
  has(minTime: number, maxTime: number): boolean {
    const index = this.#firstChunk(minTime);
    if (index > this.#last) return false;
    const id = this.#id(index);
    const time = this.#store.page(id).doubles[timesAt(id) + this.#from(index, minTime)]!;
    return time <= maxTime;
  }

  /** Time of the first sample at or after `minTime`; Infinity where there is none. */
  firstTime(minTime: number): number {
    const index = this.#firstChunk(minTime);
    if (index > this.#last) return Infinity;
    const id = this.#id(index);
    return this.#store.page(id).doubles[timesAt(id) + this.#from(index, minTime)]!;
  }

  /** Appends the samples within the times to `into`, bit for bit. */
  appendTo(minTime: number, maxTime: number, into: SampleColumns): void {
    for (let index = this.#firstChunk(minTime); index <= this.#last; index++) {
      const from = this.#from(index, minTime);
      const to = this.#to(index, maxTime);
      if (to <= from) return;
      into.reserve(to - from);
      this.#copy(index, from, to, into.timestamps, into.words, into.length);
      into.length += to - from;
    }
  }

  /** Copies the samples within the times to columns from index `at` on; returns the index after. */
  copyTo(
    minTime: number,
    maxTime: number,
    timestamps: Float64Array,
    words: Uint32Array,
    at: number,
  ): number {
    let next = at;
    for (let index = this.#firstChunk(minTime); index <= this.#last; index++) {
      const from = this.#from(index, minTime);
      const to = this.#to(index, maxTime);
      if (to <= from) break;
      this.#copy(index, from, to, timestamps, words, next);
      next += to - from;
    }
    return next;
  }

  #id(index: number): number {
    // The tail may have moved to a larger slot since.
    return index === this.#last ? this.#tail : this.#chunks[index]!;
  }

  #size(index: number): number {
    return index === this.#last ? this.#tailCount : this.#store.count(this.#chunks[index]!);
  }

  #lastTime(index: number): number {
    const id = this.#id(index);
    return this.#store.page(id).doubles[timesAt(id) + this.#size(index) - 1]!;
  }

  /** The first chunk that ends at or after the time. */
  #firstChunk(minTime: number): number {
    let low = 0;
    let high = this.#last + 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#lastTime(middle) < minTime) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #from(index: number, minTime: number): number {
    const id = this.#id(index);
    const first = this.#store.page(id).doubles[timesAt(id)]!;
    // Fast path: every chunk but the first of a range is wholly behind its start.
    return first >= minTime ? 0 : lowerBound(this.#store, id, this.#size(index), minTime);
  }

  #to(index: number, maxTime: number): number {
    const size = this.#size(index);
    if (this.#lastTime(index) <= maxTime) return size;
    const id = this.#id(index);
    const { doubles } = this.#store.page(id);
    const position = lowerBound(this.#store, id, size, maxTime);
    const atMaxTime = position < size && doubles[timesAt(id) + position] === maxTime;
    return atMaxTime ? position + 1 : position;
  }

  #copy(
    index: number,
    from: number,
    to: number,
    timestamps: Float64Array,
    words: Uint32Array,
    at: number,
  ): void {
    const id = this.#id(index);
    const page = this.#store.page(id);
    const times = timesAt(id);
    timestamps.set(page.doubles.subarray(times + from, times + to), at);
    const values = times + page.capacity;
    words.set(page.words.subarray(2 * (values + from), 2 * (values + to)), 2 * at);
  }
}
