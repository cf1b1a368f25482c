import type { SlabViews } from './slab-views.ts';

/**
 * Lists of words (refs, pairs, names) that only grow in place; what is taken out makes a new list.
 *
 *     short list  +0 length  +1 capacity (2 to 254)     +2 words
 *     long list   +0 length  +1 capacity of the spine | SPINE  +2 segments (blocks of 256 words)
 *
 * The length is written last, so that a reader may take the words before it at any time.
 */
export const SPINE = 0x8000_0000;
export const LIST_HEADER_WORDS = 2;
export const SEGMENT_SHIFT = 8;
export const SEGMENT_WORDS = 1 << SEGMENT_SHIFT;
/** Words of a short list at most: with its header it takes 1 KiB. */
export const SHORT_LIST_WORDS = SEGMENT_WORDS - LIST_HEADER_WORDS;

/** Reads lists, on any thread. List 0 is empty. */
export class WordLists {
  readonly #views: SlabViews;

  constructor(views: SlabViews) {
    this.#views = views;
  }

  length(list: number): number {
    if (list === 0) return 0;
    return this.#views.load(list, 0);
  }

  /** Copies words `[from, to)` to the start of `target`; `from` is a multiple of 256. */
  copyTo(list: number, from: number, to: number, target: Uint32Array): void {
    if (from === to) return;
    const start = this.#open(list);
    if (!this.#isLong(start)) {
      const first = start + LIST_HEADER_WORDS;
      copyWords(this.#views.u32, first + from, first + to, target, 0);
      return;
    }
    for (let done = from; done < to; done += SEGMENT_WORDS) {
      const first = this.#segment(start, done >>> SEGMENT_SHIFT);
      const count = Math.min(SEGMENT_WORDS, to - done);
      copyWords(this.#views.u32, first, first + count, target, done - from);
    }
  }

  /** The first `length` words, all when it is not given. */
  toArray(list: number, length = this.length(list)): Uint32Array<ArrayBuffer> {
    const words = new Uint32Array(length);
    this.copyTo(list, 0, length, words);
    return words;
  }

  /**
   * First index from `from` on, below `length`, whose word is at least `word`, `length` where none
   * is: doubling steps, then halving. The words must be ascending.
   */
  lowerBound(list: number, length: number, word: number, from: number): number {
    const start = this.#open(list);
    const isLong = this.#isLong(start);
    let step = 1;
    let low = from;
    while (low + step < length && this.#at(start, isLong, low + step) < word) {
      low += step;
      step *= 2;
    }
    let high = Math.min(length, low + step + 1);
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#at(start, isLong, middle) < word) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Word `index`, which is below the length. */
  at(list: number, index: number): number {
    const start = this.#open(list);
    return this.#at(start, this.#isLong(start), index);
  }

  #at(start: number, isLong: boolean, index: number): number {
    if (!isLong) return this.#views.u32[start + LIST_HEADER_WORDS + index]!;
    const segment = this.#segment(start, index >>> SEGMENT_SHIFT);
    return this.#views.u32[segment + (index & (SEGMENT_WORDS - 1))]!;
  }

  #isLong(start: number): boolean {
    return this.#views.u32[start + 1]! >= SPINE;
  }

  #segment(start: number, index: number): number {
    return this.#views.reach(this.#views.u32[start + LIST_HEADER_WORDS + index]!);
  }

  #open(list: number): number {
    const start = this.#views.reach(list);
    const capacity = this.#views.u32[start + 1]!;
    if (capacity > SPINE) this.#views.reach(list, LIST_HEADER_WORDS + (capacity - SPINE));
    return start;
  }
}

/** Copies words; short runs one by one, which costs less than a view. */
export function copyWords(
  source: Uint32Array,
  from: number,
  to: number,
  target: Uint32Array,
  at: number,
): void {
  if (to - from > 32) {
    target.set(source.subarray(from, to), at);
    return;
  }
  for (let index = from; index < to; index++) target[at + index - from] = source[index]!;
}
