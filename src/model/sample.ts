/**
 * Bits of a staleness marker, the NaN with which a series says that it has ended
 * (Prometheus, model/value/value.go: 0x7ff0000000000002). It is a *signalling* NaN: arithmetic,
 * and any path through a JavaScript number, may change it. Values therefore move as bits (typed
 * array copies) and the marker is recognised by its two words.
 */
export const STALE_HIGH_WORD = 0x7ff00000;
export const STALE_LOW_WORD = 0x00000002;

/**
 * Bits of the NaN that is a value like others, as Go and so Prometheus writes it (math.NaN:
 * 0x7ff8000000000001). A JavaScript NaN has other bits, and is not the same sample to a store.
 */
export const NAN_HIGH_WORD = 0x7ff80000;
export const NAN_LOW_WORD = 0x00000001;

/** Index of the low word of a float64 in a `Uint32Array` over it: 0 on little-endian machines. */
export const LOW_WORD = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1 ? 0 : 1;
export const HIGH_WORD = 1 - LOW_WORD;

/** Whether value `index` of the array that `words` aliases is a staleness marker. */
export function isStaleAt(words: Uint32Array, index: number): boolean {
  return (
    words[2 * index + HIGH_WORD] === STALE_HIGH_WORD &&
    words[2 * index + LOW_WORD] === STALE_LOW_WORD
  );
}

/** Writes a staleness marker as value `index` of the array that `words` aliases. */
export function setStaleAt(words: Uint32Array, index: number): void {
  words[2 * index + HIGH_WORD] = STALE_HIGH_WORD;
  words[2 * index + LOW_WORD] = STALE_LOW_WORD;
}

const FEW_SAMPLES = 16;

/**
 * Samples of one series as columns, ascending by time, for reading. Owned by the caller, who
 * passes it to be filled again and again; the arrays may be replaced when they grow, so read them
 * from the object after each fill.
 */
export class SampleColumns {
  /** Samples held; the arrays are at least this long. */
  length = 0;
  /** Integer milliseconds since the epoch. */
  timestamps: Float64Array;
  values: Float64Array;
  /** The bits of `values`, for `isStaleAt`. */
  words: Uint32Array;

  constructor(capacity = 256) {
    this.timestamps = new Float64Array(capacity);
    this.values = new Float64Array(capacity);
    this.words = new Uint32Array(this.values.buffer);
  }

  reset(): void {
    this.length = 0;
  }

  /** Makes room for `extra` samples beyond `length`, keeping what is there. */
  reserve(extra: number): void {
    const wanted = this.length + extra;
    if (wanted <= this.timestamps.length) return;
    const capacity = Math.max(wanted, 2 * this.timestamps.length);
    const timestamps = new Float64Array(capacity);
    const values = new Float64Array(capacity);
    const words = new Uint32Array(values.buffer);
    timestamps.set(this.timestamps.subarray(0, this.length));
    words.set(this.words.subarray(0, 2 * this.length));
    this.timestamps = timestamps;
    this.values = values;
    this.words = words;
  }

  /** Adds samples `[from, to)` of the given columns, bit for bit. */
  append(timestamps: Float64Array, words: Uint32Array, from: number, to: number): void {
    this.reserve(to - from);
    // Fast path: making views of a few samples takes longer than moving them (0.2 us).
    if (to - from <= FEW_SAMPLES) {
      for (let index = from; index < to; index++) {
        this.timestamps[this.length] = timestamps[index]!;
        this.words[2 * this.length] = words[2 * index]!;
        this.words[2 * this.length + 1] = words[2 * index + 1]!;
        this.length++;
      }
      return;
    }
    this.timestamps.set(timestamps.subarray(from, to), this.length);
    this.words.set(words.subarray(2 * from, 2 * to), 2 * this.length);
    this.length += to - from;
  }

  /** Adds one sample. The value goes through a number: not for staleness markers. */
  push(timestamp: number, value: number): void {
    this.reserve(1);
    this.timestamps[this.length] = timestamp;
    this.values[this.length] = value;
    this.length++;
  }

  /** Adds a staleness marker. */
  pushStale(timestamp: number): void {
    this.reserve(1);
    this.timestamps[this.length] = timestamp;
    setStaleAt(this.words, this.length);
    this.length++;
  }
}

/**
 * Samples of one series that may lie where their store unpacked them: it may lend its arrays
 * instead of having them copied. Then they are valid until it reads another series, and whoever
 * holds these may write into them.
 */
export class BorrowedSamples extends SampleColumns {
  /** Mostly all is lent: arrays of its own are made when they are needed. */
  readonly #own = new SampleColumns(0);
  #isBorrowed = false;
  #lentWords: Uint32Array | undefined;
  #lentValues = this.values;

  constructor() {
    super(0);
  }

  override reset(): void {
    if (this.#isBorrowed) this.#giveBack();
    super.reset();
  }

  override reserve(extra: number): void {
    if (this.#isBorrowed) this.#keep();
    super.reserve(extra);
  }

  /** As `append` of all samples below `length`, without a copy where these are the first. */
  lend(timestamps: Float64Array, words: Uint32Array, length: number): void {
    if (this.length > 0) {
      this.append(timestamps, words, 0, length);
      return;
    }
    if (!this.#isBorrowed) {
      this.#own.timestamps = this.timestamps;
      this.#own.values = this.values;
      this.#own.words = this.words;
      this.#isBorrowed = true;
    }
    if (this.#lentWords !== words) {
      this.#lentWords = words;
      this.#lentValues = new Float64Array(words.buffer, words.byteOffset, words.length / 2);
    }
    this.timestamps = timestamps;
    this.words = words;
    this.values = this.#lentValues;
    this.length = length;
  }

  #giveBack(): void {
    this.#isBorrowed = false;
    this.timestamps = this.#own.timestamps;
    this.values = this.#own.values;
    this.words = this.#own.words;
  }

  /** Copies what was lent: there is more to come. */
  #keep(): void {
    const { timestamps, words, length } = this;
    this.#giveBack();
    super.reset();
    this.append(timestamps, words, 0, length);
  }
}
