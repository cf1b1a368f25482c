import type { MemoryKind } from '../../kernel/index.ts';
import type { SlabBlocks } from './slab-views.ts';
import {
  copyWords,
  LIST_HEADER_WORDS,
  SEGMENT_SHIFT,
  SEGMENT_WORDS,
  SHORT_LIST_WORDS,
  SPINE,
  WordLists,
} from './word-list.ts';

const KIND: MemoryKind = 'postings';
const PAGE_WORDS = 2048;

/**
 * Makes lists of words. What makes a list another one returns its block and leaves the old one as
 * it was: publish the new, then `retire` the old in favour of it.
 */
export class WordListWriter extends WordLists {
  readonly #blocks: SlabBlocks;

  constructor(blocks: SlabBlocks) {
    super(blocks);
    this.#blocks = blocks;
  }

  /** A list of `words`, 0 for none. @throws KernelMemoryError */
  create(words: Uint32Array): number {
    return this.replaceFrom(0, 0, words);
  }

  /**
   * A list that has room for one word more: the same one, or a longer copy of it.
   * @throws KernelMemoryError
   */
  withRoom(list: number): number {
    if (list === 0) return this.#allocate(2, 0);
    const { u32 } = this.#blocks;
    const start = list << 2;
    const length = u32[start]!;
    const capacity = u32[start + 1]!;
    if (capacity < SPINE) {
      if (length < capacity) return list;
      return this.#replace(list, 0, this.toArray(list), 1);
    }
    if ((length & (SEGMENT_WORDS - 1)) !== 0) return list;
    const index = length >>> SEGMENT_SHIFT;
    const wider = index < capacity - SPINE ? list : this.#longerSpine(list, index);
    const entry = (wider << 2) + LIST_HEADER_WORDS + index;
    if (this.#blocks.u32[entry] !== 0) return wider;
    try {
      // Beyond the length, so no reader looks there yet.
      const segment = this.#blocks.allocate(SEGMENT_WORDS, KIND);
      this.#blocks.u32[entry] = segment;
    } catch (error) {
      this.release(wider, list);
      throw error;
    }
    return wider;
  }

  /** Appends a word to a list that has room. */
  push(list: number, word: number): void {
    const { u32 } = this.#blocks;
    const start = list << 2;
    const length = u32[start]!;
    let at = start + LIST_HEADER_WORDS + length;
    if (u32[start + 1]! >= SPINE) {
      const segment = u32[start + LIST_HEADER_WORDS + (length >>> SEGMENT_SHIFT)]!;
      at = (segment << 2) + (length & (SEGMENT_WORDS - 1));
    }
    u32[at] = word;
    Atomics.store(u32, start, length + 1);
  }

  /** A list with `word` in its place among ascending ones. @throws KernelMemoryError */
  insert(list: number, word: number): number {
    const length = this.length(list);
    const at = this.lowerBound(list, length, word, 0);
    const from = at & ~(SEGMENT_WORDS - 1);
    const rest = new Uint32Array(length - from + 1);
    this.copyTo(list, from, length, rest);
    rest.copyWithin(at - from + 1, at - from, length - from);
    rest[at - from] = word;
    return this.replaceFrom(list, from, rest);
  }

  /**
   * A list of the first `from` words (a multiple of 256) of `list` and then `words`, sharing its
   * segments; 0 when there are none. @throws KernelMemoryError
   */
  replaceFrom(list: number, from: number, words: Uint32Array): number {
    return from + words.length === 0 ? 0 : this.#replace(list, from, words, 0);
  }

  /** Retires a list, but for the segments that `successor` goes on using. */
  retire(list: number, successor: number): void {
    this.#giveBack(list, successor, (block) => this.#blocks.retire(block, KIND));
  }

  /** Gives back a list that was not published, but for the segments of what it was made from. */
  release(list: number, predecessor: number): void {
    this.#giveBack(list, predecessor, (block) => this.#blocks.release(block, KIND));
  }

  #giveBack(list: number, other: number, free: (block: number) => void): void {
    if (list === 0 || list === other) return;
    const { u32 } = this.#blocks;
    const start = list << 2;
    if (u32[start + 1]! >= SPINE) {
      const spine = start + LIST_HEADER_WORDS;
      const others = this.#spineOf(other);
      for (let index = 0; index < u32[start + 1]! - SPINE; index++) {
        const segment = u32[spine + index]!;
        if (segment !== 0 && segment !== others[index]) free(segment);
      }
    }
    free(list);
  }

  #spineOf(list: number): Uint32Array {
    const { u32 } = this.#blocks;
    const start = list << 2;
    if (list === 0 || u32[start + 1]! < SPINE) return new Uint32Array(0);
    const from = start + LIST_HEADER_WORDS;
    return u32.subarray(from, from + u32[start + 1]! - SPINE);
  }

  #replace(list: number, from: number, words: Uint32Array, extra: number): number {
    const length = from + words.length;
    if (length + extra > SHORT_LIST_WORDS) return this.#replaceLong(list, from, words);
    const fresh = this.#allocate(length + extra, 0);
    // What is so short has no whole segments to share: `words` is all of it.
    this.#blocks.u32.set(words, (fresh << 2) + LIST_HEADER_WORDS);
    this.#blocks.u32[fresh << 2] = length;
    return fresh;
  }

  #replaceLong(list: number, from: number, words: Uint32Array): number {
    const length = from + words.length;
    const kept = from >>> SEGMENT_SHIFT;
    const shared = this.#spineOf(list).slice(0, kept);
    const fresh = this.#allocate((length >>> SEGMENT_SHIFT) + 1, SPINE);
    const spine = (fresh << 2) + LIST_HEADER_WORDS;
    this.#blocks.u32.set(shared, spine);
    try {
      for (let done = 0; done < words.length || done === 0; done += SEGMENT_WORDS) {
        const segment = this.#blocks.allocate(SEGMENT_WORDS, KIND);
        const { u32 } = this.#blocks;
        u32[spine + kept + (done >>> SEGMENT_SHIFT)] = segment;
        copyWords(words, done, Math.min(words.length, done + SEGMENT_WORDS), u32, segment << 2);
      }
    } catch (error) {
      this.release(fresh, list);
      throw error;
    }
    this.#blocks.u32[fresh << 2] = length;
    return fresh;
  }

  #longerSpine(list: number, count: number): number {
    const fresh = this.#allocate(count + 1, SPINE);
    const { u32 } = this.#blocks;
    u32.set(this.#spineOf(list), (fresh << 2) + LIST_HEADER_WORDS);
    u32[fresh << 2] = u32[list << 2]!;
    return fresh;
  }

  /** An empty list, or spine of zeros, that holds at least `wanted` words. */
  #allocate(wanted: number, flag: number): number {
    let words = 4;
    while (words < wanted + LIST_HEADER_WORDS) words *= 2;
    // Above 1 KiB the slab gives whole pages.
    if (words > SEGMENT_WORDS) words = Math.max(words, PAGE_WORDS);
    const block = this.#blocks.allocateZeros(words, KIND);
    this.#blocks.u32[(block << 2) + 1] = words - LIST_HEADER_WORDS + flag;
    return block;
  }
}
