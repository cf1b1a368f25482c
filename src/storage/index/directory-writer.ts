import type { MemoryKind } from '../../kernel/index.ts';
import {
  LEAF_REFS,
  LEAF_SHIFT,
  MIDDLE_ENTRIES,
  MIDDLE_WORDS,
  R_DIRECTORY,
  TOP_SHIFT,
  TOP_WORDS,
} from './layout.ts';
import type { SlabBlocks } from './slab-views.ts';

const KIND: MemoryKind = 'label_sets';
/** Two periods to a word. */
const PERIOD_WORDS = LEAF_REFS / 2;

/** Enters series in the directory, and takes them out; keeps a period for each. */
export class DirectoryWriter {
  readonly #blocks: SlabBlocks;
  readonly #top: number;

  constructor(blocks: SlabBlocks, root: number) {
    this.#blocks = blocks;
    this.#top = blocks.allocateZeros(TOP_WORDS, KIND);
    blocks.u32[root + R_DIRECTORY] = this.#top;
  }

  /** Whether `reserve` would have nothing to do. */
  hasRoom(ref: number): boolean {
    const top = (this.#top << 2) + (ref >>> TOP_SHIFT);
    return this.#blocks.u32[top] !== 0 && this.#blocks.u32[this.#entry(ref)] !== 0;
  }

  /** Makes sure that there is room for a ref. @throws KernelMemoryError */
  reserve(ref: number): void {
    const top = (this.#top << 2) + (ref >>> TOP_SHIFT);
    if (this.#blocks.u32[top] === 0) {
      const middle = this.#blocks.allocateZeros(MIDDLE_WORDS, KIND);
      Atomics.store(this.#blocks.u32, top, middle);
    }
    const entry = this.#entry(ref);
    if (this.#blocks.u32[entry] !== 0) return;
    const leaf = this.#blocks.allocateZeros(LEAF_REFS, KIND);
    if (this.#blocks.u32[entry + 1] === 0) {
      try {
        const periods = this.#blocks.allocateZeros(PERIOD_WORDS, KIND);
        this.#blocks.u32[entry + 1] = periods;
      } catch (error) {
        this.#blocks.release(leaf, KIND);
        throw error;
      }
    }
    Atomics.store(this.#blocks.u32, entry, leaf);
  }

  /** Sets the label set of a ref that there is room for; 0 takes it out. */
  set(ref: number, labelSet: number): void {
    const leaf = this.#blocks.u32[this.#entry(ref)]!;
    Atomics.store(this.#blocks.u32, (leaf << 2) + (ref & (LEAF_REFS - 1)), labelSet);
  }

  /** For a series that is there. */
  setPeriod(ref: number, period: number): void {
    const { u32 } = this.#blocks;
    const at = this.#periodWord(ref);
    const shift = (ref & 1) << 4;
    u32[at] = (u32[at]! & ~(0xffff << shift)) | ((period & 0xffff) << shift);
  }

  period(ref: number): number {
    return (this.#blocks.u32[this.#periodWord(ref)]! >>> ((ref & 1) << 4)) & 0xffff;
  }

  /** Gives back the leaf of a ref if it has no series any more, and what is above it likewise. */
  prune(ref: number): void {
    const { u32 } = this.#blocks;
    const top = (this.#top << 2) + (ref >>> TOP_SHIFT);
    const middle = u32[top]!;
    if (middle === 0) return;
    const entry = this.#entry(ref);
    const leaf = u32[entry]!;
    if (leaf !== 0 && isZero(u32, leaf << 2, LEAF_REFS)) {
      const periods = u32[entry + 1]!;
      Atomics.store(u32, entry, 0);
      u32[entry + 1] = 0;
      this.#blocks.retire(leaf, KIND);
      this.#blocks.retire(periods, KIND);
    }
    if (isZero(u32, middle << 2, MIDDLE_WORDS)) {
      Atomics.store(u32, top, 0);
      this.#blocks.retire(middle, KIND);
    }
  }

  #entry(ref: number): number {
    const middle = this.#blocks.u32[(this.#top << 2) + (ref >>> TOP_SHIFT)]!;
    return (middle << 2) + 2 * ((ref >>> LEAF_SHIFT) & (MIDDLE_ENTRIES - 1));
  }

  #periodWord(ref: number): number {
    const periods = this.#blocks.u32[this.#entry(ref) + 1]!;
    return (periods << 2) + ((ref & (LEAF_REFS - 1)) >>> 1);
  }
}

function isZero(u32: Uint32Array, from: number, count: number): boolean {
  for (let index = from; index < from + count; index++) {
    if (u32[index] !== 0) return false;
  }
  return true;
}
