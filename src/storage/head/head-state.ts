const SEQUENCE = 0;
const FLOOR_LOW = 1;
const FLOOR_HIGH = 2;
const BLOCK_VERSION = 3;
const WORDS = 4;

/** What of the store is in the head and what in blocks, at one moment. */
export interface HeadMoment {
  /** Samples before this time are in blocks: they are not to be read from the head. */
  readonly floor: number;
  /** Version of the list of blocks that goes with it. */
  readonly blockVersion: number;
  /** Last finished commit of each shard, for `KernelReader.capture`. */
  readonly commits: Uint32Array;
}

/**
 * A few words that the writing thread shares with all readers. The sequence is odd while several
 * things change that must be seen together, which takes less than a microsecond.
 */
export class HeadState {
  readonly buffer: SharedArrayBuffer;
  readonly #words: Int32Array;
  readonly #float = new Float64Array(1);
  readonly #floatWords = new Int32Array(this.#float.buffer);

  /** Without a buffer a new one is made: no floor, block version 0. */
  constructor(buffer?: SharedArrayBuffer) {
    this.buffer = buffer ?? new SharedArrayBuffer(WORDS * Int32Array.BYTES_PER_ELEMENT);
    this.#words = new Int32Array(this.buffer);
    if (buffer === undefined) this.publish(-Infinity, 0);
  }

  /** Writing thread: floor and version change in one moment. */
  publish(floor: number, blockVersion: number): void {
    this.#float[0] = floor;
    this.change(() => {
      Atomics.store(this.#words, FLOOR_LOW, this.#floatWords[0]!);
      Atomics.store(this.#words, FLOOR_HIGH, this.#floatWords[1]!);
      Atomics.store(this.#words, BLOCK_VERSION, blockVersion | 0);
    });
  }

  /** Writing thread: what `apply` changes is seen by `HeadState.read` altogether. Keep it short. */
  change(apply: () => void): void {
    Atomics.add(this.#words, SEQUENCE, 1);
    apply();
    Atomics.add(this.#words, SEQUENCE, 1);
  }

  get blockVersion(): number {
    return Atomics.load(this.#words, BLOCK_VERSION) >>> 0;
  }

  /** Any thread: all of one moment. `commits` reads the numbers of the shards. */
  read(commits: () => Uint32Array): HeadMoment {
    for (;;) {
      const before = Atomics.load(this.#words, SEQUENCE);
      if ((before & 1) !== 0) continue;
      this.#floatWords[0] = Atomics.load(this.#words, FLOOR_LOW);
      this.#floatWords[1] = Atomics.load(this.#words, FLOOR_HIGH);
      const moment = {
        floor: this.#float[0]!,
        blockVersion: this.blockVersion,
        commits: commits(),
      };
      if (Atomics.load(this.#words, SEQUENCE) === before) return moment;
    }
  }
}
