const SEQUENCE = 0;
const FLOOR_LOW = 1;
const FLOOR_HIGH = 2;
const BLOCK_VERSION = 3;
const CLOSED = 4;
const WORDS = 5;

/** What of the store is in the head and what in blocks. */
export interface StoreDivision {
  /** Samples before this time are in blocks and not to be read from the head. */
  readonly floor: number;
  /** The version of the list of blocks that goes with it; 32 bits. */
  readonly blockVersion: number;
}

/**
 * A few words that the writing thread shares with every reader: what of the store is where, and
 * whether it is open. The sequence is odd while they change.
 */
export class StoreState {
  readonly buffer: SharedArrayBuffer;
  readonly #words: Int32Array;
  readonly #double = new Float64Array(1);
  readonly #halves = new Int32Array(this.#double.buffer);

  /** Over the buffer of another thread's; without one, a new one with all in the head. */
  constructor(buffer?: SharedArrayBuffer) {
    this.buffer = buffer ?? new SharedArrayBuffer(WORDS * Int32Array.BYTES_PER_ELEMENT);
    this.#words = new Int32Array(this.buffer);
    if (buffer === undefined) this.publish({ floor: -Infinity, blockVersion: 0 });
  }

  /** Changes both in one moment. Writing thread only. */
  publish({ floor, blockVersion }: StoreDivision): void {
    this.#double[0] = floor;
    Atomics.add(this.#words, SEQUENCE, 1);
    Atomics.store(this.#words, FLOOR_LOW, this.#halves[0]!);
    Atomics.store(this.#words, FLOOR_HIGH, this.#halves[1]!);
    Atomics.store(this.#words, BLOCK_VERSION, blockVersion | 0);
    Atomics.add(this.#words, SEQUENCE, 1);
  }

  read(): StoreDivision {
    const words = this.#words;
    for (;;) {
      const sequence = Atomics.load(words, SEQUENCE);
      this.#halves[0] = Atomics.load(words, FLOOR_LOW);
      this.#halves[1] = Atomics.load(words, FLOOR_HIGH);
      const blockVersion = Atomics.load(words, BLOCK_VERSION) >>> 0;
      const isWhole = (sequence & 1) === 0 && Atomics.load(words, SEQUENCE) === sequence;
      if (isWhole) return { floor: this.#double[0]!, blockVersion };
    }
  }

  /** Refuses reading from now on, on all threads. */
  close(): void {
    Atomics.store(this.#words, CLOSED, 1);
  }

  get isClosed(): boolean {
    return Atomics.load(this.#words, CLOSED) !== 0;
  }
}
