/** Smallest buffer kept, log2: 64 KiB, what one read of a socket brings. */
const MIN_BITS = 16;

/** Largest buffer kept, log2; larger ones are made for the one request. */
const MAX_BITS = 22;

/** Buffers kept of each size. */
const KEPT = 8;

/**
 * Buffers in powers of two that bodies are read into and that are used again, so that steady
 * pushes make no garbage of their size. Holds at most 64 MiB.
 */
export class BufferPool {
  readonly #free: Uint8Array[][] = [];

  /** A buffer of at least `sizeBytes`, with any contents. Give it back when done. */
  take(sizeBytes: number): Uint8Array {
    const bits = bitsFor(sizeBytes);
    if (bits > MAX_BITS) return new Uint8Array(sizeBytes);
    return this.#free[bits]?.pop() ?? new Uint8Array(2 ** bits);
  }

  give(buffer: Uint8Array): void {
    const bits = bitsFor(buffer.length);
    if (bits > MAX_BITS || buffer.length !== 2 ** bits) return;
    const kept = (this.#free[bits] ??= []);
    if (kept.length < KEPT) kept.push(buffer);
  }
}

function bitsFor(sizeBytes: number): number {
  return Math.max(MIN_BITS, 32 - Math.clz32(Math.max(1, sizeBytes) - 1));
}
