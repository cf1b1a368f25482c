import {
  giveColumns,
  HIGH_WORD,
  LOW_WORD,
  NAN_HIGH_WORD,
  NAN_LOW_WORD,
  newColumns,
  NO_COLUMNS,
  setStaleAt,
  takeColumns,
  type ValueColumns,
} from '../model/index.ts';

/** Columns of samples that someone else owns: what a kernel's body has, or another batch. */
export interface SampleBatchColumns {
  readonly length: number;
  readonly refs: Uint32Array;
  readonly timestamps: Float64Array;
  /** The bits of the values, two words each. */
  readonly words: Uint32Array;
}

/**
 * Samples of any series as columns, in order of arrival: what a decoder fills and an appender
 * commits. Grows by doubling, is never shared, and is used again after `reset`.
 */
export class SampleBatch {
  length = 0;
  refs: Uint32Array;
  /** Integer milliseconds since the epoch. */
  timestamps: Float64Array;
  values: Float64Array;
  /** The bits of `values`: two words each, see `model/sample.ts`. */
  words: Uint32Array;
  /** Those that it took, to be given back. */
  #taken: ValueColumns | undefined;

  constructor(capacity = 0) {
    const columns = capacity === 0 ? NO_COLUMNS : newColumns(capacity);
    this.refs = columns.ids;
    this.timestamps = columns.timestamps;
    this.values = columns.values;
    this.words = columns.words;
  }

  reset(): void {
    this.length = 0;
  }

  /**
   * Empties the batch and gives its memory to others: nobody may read what was in it any more, nor
   * hold a column of it. It may be filled again.
   */
  release(): void {
    this.length = 0;
    this.#set(NO_COLUMNS, undefined);
  }

  /** Adds a sample whose value is an ordinary number; every NaN becomes the NaN of the wire. */
  push(ref: number, timestamp: number, value: number): void {
    if (value !== value) {
      this.pushBits(ref, timestamp, NAN_LOW_WORD, NAN_HIGH_WORD);
      return;
    }
    if (this.length === this.refs.length) this.#grow();
    this.refs[this.length] = ref;
    this.timestamps[this.length] = timestamp;
    this.values[this.length] = value;
    this.length++;
  }

  /** Adds a sample by the bits of its value. */
  pushBits(ref: number, timestamp: number, lowWord: number, highWord: number): void {
    if (this.length === this.refs.length) this.#grow();
    this.refs[this.length] = ref;
    this.timestamps[this.length] = timestamp;
    this.words[2 * this.length + LOW_WORD] = lowWord;
    this.words[2 * this.length + HIGH_WORD] = highWord;
    this.length++;
  }

  /** Adds a staleness marker. */
  pushStale(ref: number, timestamp: number): void {
    if (this.length === this.refs.length) this.#grow();
    this.refs[this.length] = ref;
    this.timestamps[this.length] = timestamp;
    setStaleAt(this.words, this.length);
    this.length++;
  }

  /** Takes the samples of columns, bit for bit, in the place of those that are here. */
  setColumns(columns: SampleBatchColumns): void {
    this.length = 0;
    this.addColumns(columns, 0, columns.length);
  }

  /** Adds samples `[from, to)` of columns, bit for bit. */
  addColumns(columns: SampleBatchColumns, from: number, to: number): void {
    this.reserve(to - from);
    this.refs.set(columns.refs.subarray(from, to), this.length);
    this.timestamps.set(columns.timestamps.subarray(from, to), this.length);
    this.words.set(columns.words.subarray(2 * from, 2 * to), 2 * this.length);
    this.length += to - from;
  }

  /** Makes room for `extra` samples more. */
  reserve(extra: number): void {
    const wanted = this.length + extra;
    if (wanted > this.refs.length) this.#resize(Math.max(wanted, 2 * this.refs.length));
  }

  #grow(): void {
    this.#resize(Math.max(64, 2 * this.refs.length));
  }

  #resize(capacity: number): void {
    const columns = takeColumns(capacity);
    columns.ids.set(this.refs.subarray(0, this.length));
    columns.timestamps.set(this.timestamps.subarray(0, this.length));
    columns.words.set(this.words.subarray(0, 2 * this.length));
    this.#set(columns, columns);
  }

  #set({ ids, timestamps, values, words }: ValueColumns, taken: ValueColumns | undefined): void {
    if (this.#taken !== undefined) giveColumns(this.#taken);
    this.#taken = taken;
    this.refs = ids;
    this.timestamps = timestamps;
    this.values = values;
    this.words = words;
  }
}
