import {
  LEAF_REFS,
  LEAF_SHIFT,
  MIDDLE_ENTRIES,
  MIDDLE_WORDS,
  R_DIRECTORY,
  TOP_SHIFT,
  TOP_WORDS,
} from './layout.ts';
import type { SlabViews } from './slab-views.ts';

/** Label sets by ref, for any thread. */
export class Directory {
  readonly #views: SlabViews;
  readonly #root: number;

  constructor(views: SlabViews, root: number) {
    this.#views = views;
    this.#root = root;
  }

  /** The label set of a series, 0 where there is no such series. */
  get(ref: number): number {
    const leaf = this.#leaf(ref >>> LEAF_SHIFT);
    if (leaf === 0) return 0;
    const at = this.#views.reach(leaf, LEAF_REFS) + (ref & (LEAF_REFS - 1));
    return Atomics.load(this.#views.u32, at);
  }

  /** Puts the label sets of refs into `sets`; fastest where refs ascend. */
  getEach(refs: Uint32Array, sets: Uint32Array): void {
    // The leaf is found once for all refs of it. Should it go meanwhile, it has none of them any
    // more; series that come to a new one in its place were not there when the refs were found.
    let number = -1;
    let start = 0;
    for (let index = 0; index < refs.length; index++) {
      const ref = refs[index]!;
      if (ref >>> LEAF_SHIFT !== number) {
        number = ref >>> LEAF_SHIFT;
        const leaf = this.#leaf(number);
        start = leaf === 0 ? 0 : this.#views.reach(leaf, LEAF_REFS);
      }
      sets[index] =
        start === 0 ? 0 : Atomics.load(this.#views.u32, start + (ref & (LEAF_REFS - 1)));
    }
  }

  /** The refs of all series, ascending. */
  refs(): Uint32Array<ArrayBuffer> {
    let refs = new Uint32Array(1024);
    let count = 0;
    for (const leaf of this.leaves()) {
      if (count + LEAF_REFS > refs.length) refs = grown(refs);
      count = this.leafRefs(leaf, refs, count);
    }
    return refs.slice(0, count);
  }

  /** Numbers of the leaves (ref >> 8) that there are, ascending. */
  *leaves(): IterableIterator<number> {
    for (let top = 0; top < TOP_WORDS; top++) {
      if (this.#middle(top) === 0) continue;
      for (let entry = 0; entry < MIDDLE_ENTRIES; entry++) {
        const leaf = top * MIDDLE_ENTRIES + entry;
        if (this.#leaf(leaf) !== 0) yield leaf;
      }
    }
  }

  /** Puts the refs of the series of a leaf into `into` from `at` on; returns where they end. */
  leafRefs(number: number, into: Uint32Array, at: number): number {
    const leaf = this.#leaf(number);
    if (leaf === 0) return at;
    const start = this.#views.reach(leaf, LEAF_REFS);
    const { u32 } = this.#views;
    let count = at;
    for (let index = 0; index < LEAF_REFS; index++) {
      if (Atomics.load(u32, start + index) !== 0) into[count++] = number * LEAF_REFS + index;
    }
    return count;
  }

  #leaf(number: number): number {
    const middle = this.#middle(number >>> (TOP_SHIFT - LEAF_SHIFT));
    if (middle === 0) return 0;
    const start = this.#views.reach(middle, MIDDLE_WORDS);
    return Atomics.load(this.#views.u32, start + 2 * (number & (MIDDLE_ENTRIES - 1)));
  }

  #middle(number: number): number {
    const start = this.#views.reach(this.#views.u32[this.#root + R_DIRECTORY]!, TOP_WORDS);
    return Atomics.load(this.#views.u32, start + number);
  }
}

function grown(words: Uint32Array): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(2 * words.length);
  larger.set(words);
  return larger;
}
