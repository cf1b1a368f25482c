import { ExpositionProtoError } from './errors.ts';

/** What a sample takes beside its names and label values. */
const SAMPLE_OVERHEAD = 24;

/**
 * Bounds what families may grow to when they are read: a histogram's labels stand once in the
 * message and once for each bucket in what comes of it, so that small bodies could fill the memory.
 */
export class TextBudget {
  readonly #maxBytes: number;
  #left: number;

  /** @param maxBytes about what the families may take when written as text */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
    this.#left = maxBytes;
  }

  /** For a sample, or what weighs as much, whose names and values are so long. */
  takeSample(length: number, offset: number): void {
    this.take(length + SAMPLE_OVERHEAD, offset);
  }

  /** Call before that much is allocated. @throws ExpositionProtoError */
  take(bytes: number, offset: number): void {
    this.#left -= bytes;
    if (this.#left >= 0) return;
    const problem = `more than ${this.#maxBytes} bytes of series, written out`;
    throw new ExpositionProtoError(offset, problem, 'less in one body');
  }
}
