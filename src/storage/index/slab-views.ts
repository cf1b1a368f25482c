import type { MemoryKind, SeriesRun, Slab, SlabReader } from '../../kernel/index.ts';
import { TidegaugeError } from '../../model/index.ts';
import { bufferOver } from '../../util/index.ts';

/** A block lies beyond the end of the memory as this thread sees it: the index is damaged. */
class BlockOutOfReachError extends TidegaugeError {
  readonly code = 'block_out_of_reach';
}

/** Answer of `Slab.enterSeries`: TypeScript is to do it. */
export const NOT_ENTERED = 0xffff_ffff;

/** How often to look again for a memory that another thread has made larger. */
const REFRESHES_MAX = 100_000;

/**
 * The slab as arrays. Another thread may make it larger at any time and put a block there, so every
 * block that was found is asked for by `reach`; take the arrays after that.
 */
export class SlabViews {
  u8: Uint8Array;
  u32: Uint32Array;
  readonly #slab: SlabReader;
  #buffer: Buffer | undefined;

  constructor(slab: SlabReader) {
    this.#slab = slab;
    this.u8 = slab.u8;
    this.u32 = slab.u32;
  }

  /** The bytes, for turning them to text and back. */
  get buffer(): Buffer {
    this.#buffer ??= bufferOver(this.u8);
    return this.#buffer;
  }

  /**
   * Index in `u32` of the first word of a block that has `words` words. They need not be told up to
   * 1 KiB: such a block lies within one page of the slab, so it is in reach wholly or not at all.
   */
  reach(block: number, words = 4): number {
    const start = block << 2;
    if (start + words > this.u32.length) this.#extend(start + words);
    return start;
  }

  /** Word `offset` of a block of up to 1 KiB. */
  word(block: number, offset: number): number {
    const start = this.reach(block);
    return this.u32[start + offset]!;
  }

  /** The same of what another thread may be writing. */
  load(block: number, offset: number): number {
    const start = this.reach(block);
    return Atomics.load(this.u32, start + offset);
  }

  refresh(minBytes = 0): void {
    this.#slab.refresh(minBytes);
    this.u8 = this.#slab.u8;
    this.u32 = this.#slab.u32;
    this.#buffer = undefined;
  }

  // What another thread's views say is told to this one in a while, not at once.
  #extend(end: number): void {
    for (let tries = 0; tries < REFRESHES_MAX; tries++) {
      this.refresh(4 * end);
      if (end <= this.u32.length) return;
    }
    throw new BlockOutOfReachError(`word ${end} of ${this.u32.length}, wanted one that is there`);
  }
}

/** The slab for the thread that writes. */
export class SlabBlocks extends SlabViews {
  readonly #slab: Slab;

  constructor(slab: Slab) {
    super(slab);
    this.#slab = slab;
  }

  /** Whether the kernel can enter series; see `enterSeries`. */
  get hasKernel(): boolean {
    return this.#slab.enterSeries !== undefined;
  }

  /** As `Slab.enterSeries`, by blocks; the pairs begin at the second word of theirs. */
  enterSeries(root: number, pairs: number, count: number, ref: number): number {
    const answer = this.#slab.enterSeries?.(16 * root, 16 * pairs + 4, count, ref) ?? NOT_ENTERED;
    if (this.u8 !== this.#slab.u8) this.refresh();
    return answer;
  }

  /** As `Slab.openSeriesRun`, by block. */
  openSeriesRun(root: number): SeriesRun | undefined {
    return this.#slab.openSeriesRun?.(16 * root);
  }

  /** A block holding anything. @throws KernelMemoryError */
  allocate(words: number, kind: MemoryKind): number {
    const address = this.#slab.allocate(4 * words, kind);
    if (address + 4 * words > this.u8.length) this.refresh(address + 4 * words);
    return address / 16;
  }

  /** A block of zeros. @throws KernelMemoryError */
  allocateZeros(words: number, kind: MemoryKind): number {
    const block = this.allocate(words, kind);
    this.u32.fill(0, block << 2, (block << 2) + words);
    return block;
  }

  /** Gives back what nothing points to any more, once no reader can see it. */
  retire(block: number, kind: MemoryKind): void {
    if (block !== 0) this.#slab.retire(block * 16, kind);
  }

  /** Gives back what nothing ever pointed to. */
  release(block: number, kind: MemoryKind): void {
    if (block !== 0) this.#slab.release(block * 16, kind);
  }
}
