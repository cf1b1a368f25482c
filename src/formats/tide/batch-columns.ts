import {
  type FloatHistogram,
  giveColumns,
  HIGH_WORD,
  LOW_WORD,
  newColumns,
  NO_COLUMNS,
  takeColumns,
  type ValueColumns,
} from '../../model/index.ts';
import { histogramWords } from './histogram-words.ts';
import type { Hash64 } from './schema-change.ts';

const RADIX_BITS = 11;
const RADIX = 2 ** RADIX_BITS;

/**
 * Samples of many series as columns: what a batch is made of and read into. Owned by the caller,
 * who fills it again and again; the arrays may be replaced when they grow, so read them from the
 * object after each fill.
 */
export class BatchColumns {
  /** Samples held; the arrays are at least this long. */
  length = 0;
  seriesIds: Uint32Array;
  /** Integer milliseconds since the epoch. */
  timestamps: Float64Array;
  values: Float64Array;
  /** The bits of `values`; staleness markers and NaN payloads live here. */
  words: Uint32Array;
  /**
   * Native histograms, by the place of their sample, whose words are then `histogramWords`. The
   * array is there only where a sample has one.
   */
  histograms: (FloatHistogram | undefined)[] | undefined;
  /** Those that it took, to be given back. */
  #taken: ValueColumns | undefined;

  constructor(capacity = 1024) {
    const { ids, timestamps, values, words } = capacity === 0 ? NO_COLUMNS : newColumns(capacity);
    this.seriesIds = ids;
    this.timestamps = timestamps;
    this.values = values;
    this.words = words;
  }

  reset(): void {
    this.length = 0;
    this.histograms = undefined;
  }

  /** Makes room for `extra` samples beyond `length`, keeping what is there. */
  reserve(extra: number): void {
    const wanted = this.length + extra;
    if (wanted <= this.seriesIds.length) return;
    const grown = takeColumns(Math.max(wanted, 2 * this.seriesIds.length));
    grown.ids.set(this.seriesIds.subarray(0, this.length));
    grown.timestamps.set(this.timestamps.subarray(0, this.length));
    grown.words.set(this.words.subarray(0, 2 * this.length));
    this.#set(grown, grown);
  }

  /**
   * Empties the columns and gives their memory to others: nobody may read what was in them any
   * more, nor hold an array of them. They may be filled again.
   */
  release(): void {
    this.reset();
    this.#set(NO_COLUMNS, undefined);
  }

  /** Adds a sample, its value as words. */
  push(seriesId: number, timestamp: number, lowWord: number, highWord: number): void {
    if (this.length === this.seriesIds.length) this.reserve(1);
    const index = this.length++;
    this.seriesIds[index] = seriesId;
    this.timestamps[index] = timestamp;
    this.words[2 * index + LOW_WORD] = lowWord;
    this.words[2 * index + HIGH_WORD] = highWord;
  }

  /** Adds a sample. The value goes through a number: not for staleness markers. */
  pushValue(seriesId: number, timestamp: number, value: number): void {
    if (this.length === this.seriesIds.length) this.reserve(1);
    const index = this.length++;
    this.seriesIds[index] = seriesId;
    this.timestamps[index] = timestamp;
    this.values[index] = value;
  }

  /** Adds a native histogram, which is not to change any more. */
  pushHistogram(seriesId: number, timestamp: number, histogram: FloatHistogram): void {
    const words = histogramWords(histogram);
    this.push(seriesId, timestamp, words.low, words.high);
    this.setHistogram(this.length - 1, histogram, words);
  }

  /** Makes a histogram of the sample at `index`; `words` are its `histogramWords`. */
  setHistogram(index: number, histogram: FloatHistogram, words: Hash64): void {
    this.histograms ??= [];
    this.histograms[index] = histogram;
    this.words[2 * index + LOW_WORD] = words.low;
    this.words[2 * index + HIGH_WORD] = words.high;
  }

  /** Adds the sample of `other` at `index`, bit for bit. */
  pushFrom(other: BatchColumns, index: number): void {
    const { words } = other;
    const low = words[2 * index + LOW_WORD]!;
    const high = words[2 * index + HIGH_WORD]!;
    this.push(other.seriesIds[index]!, other.timestamps[index]!, low, high);
    const histogram = other.histograms?.[index];
    if (histogram !== undefined) this.setHistogram(this.length - 1, histogram, { low, high });
  }

  /**
   * Puts samples that were added tick by tick into the order of a batch: by series, and within one
   * as they were. Linear in the number of samples.
   */
  sortBySeries(): void {
    const { length } = this;
    let highest = 0;
    let sorted = true;
    for (let index = 0; index < length; index++) {
      const id = this.seriesIds[index]!;
      if (id > highest) highest = id;
      if (index > 0 && id < this.seriesIds[index - 1]!) sorted = false;
    }
    if (sorted) return;
    let order = new Uint32Array(length);
    for (let index = 0; index < length; index++) order[index] = index;
    for (let shift = 0; shift < 32 && highest >>> shift > 0; shift += RADIX_BITS) {
      order = sortByDigit(this.seriesIds, order, shift);
    }
    this.#reorder(order);
  }

  #reorder(order: Uint32Array): void {
    const sorted = newColumns(Math.max(1, this.seriesIds.length));
    for (let index = 0; index < order.length; index++) {
      const from = order[index]!;
      sorted.ids[index] = this.seriesIds[from]!;
      sorted.timestamps[index] = this.timestamps[from]!;
      sorted.words[2 * index] = this.words[2 * from]!;
      sorted.words[2 * index + 1] = this.words[2 * from + 1]!;
    }
    const { histograms } = this;
    if (histograms !== undefined) this.histograms = Array.from(order, (from) => histograms[from]);
    this.#set(sorted, undefined);
  }

  #set({ ids, timestamps, values, words }: ValueColumns, taken: ValueColumns | undefined): void {
    if (this.#taken !== undefined) giveColumns(this.#taken);
    this.#taken = taken;
    this.seriesIds = ids;
    this.timestamps = timestamps;
    this.values = values;
    this.words = words;
  }
}

/** One pass of a radix sort: stable. */
function sortByDigit(
  ids: Uint32Array,
  order: Uint32Array<ArrayBuffer>,
  shift: number,
): Uint32Array<ArrayBuffer> {
  const starts = new Uint32Array(RADIX + 1);
  for (let index = 0; index < order.length; index++) {
    const slot = ((ids[index]! >>> shift) & (RADIX - 1)) + 1;
    starts[slot] = starts[slot]! + 1;
  }
  for (let digit = 1; digit <= RADIX; digit++) starts[digit] = starts[digit]! + starts[digit - 1]!;
  const sorted = new Uint32Array(order.length);
  for (let index = 0; index < order.length; index++) {
    const from = order[index]!;
    const digit = (ids[from]! >>> shift) & (RADIX - 1);
    const slot = starts[digit]!;
    sorted[slot] = from;
    starts[digit] = slot + 1;
  }
  return sorted;
}
