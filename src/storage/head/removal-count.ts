/**
 * Counts, for every thread, the moments in which samples or series go. While it stays the same, a
 * sample that was seen is still there, a label pair that was seen is still there under its number,
 * and lists of the label index have only grown.
 */
export class RemovalCount {
  readonly buffer: SharedArrayBuffer;
  readonly #word: Int32Array;

  /** Over the buffer of the thread that writes; without one, a new one. */
  constructor(buffer = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)) {
    this.buffer = buffer;
    this.#word = new Int32Array(buffer);
  }

  /** Wraps. Within an epoch, to be read after its begin. */
  get value(): number {
    return Atomics.load(this.#word, 0);
  }

  /**
   * To be called after samples went. Where something goes that the label index holds, also before:
   * then no reader that begins from there on trusts numbers that may be given out anew.
   */
  add(): void {
    Atomics.add(this.#word, 0, 1);
  }
}
