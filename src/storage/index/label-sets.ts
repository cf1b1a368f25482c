import { HashTable } from './hash-table.ts';
import { BLOCK_MASK, L_PAIRS, L_REF, LAST_PAIR, P_NAME, P_VALUE, R_KEY, R_SETS } from './layout.ts';
import type { SlabViews } from './slab-views.ts';
import { hashNumbers } from './text-hash.ts';

/** Words of a block that is in reach wholly or not at all. */
const SMALL_WORDS = 256;

/** Label sets, as pairs in the order of their names. They never change. */
export class LabelSets {
  /** What `read` found; filled again by the next one. */
  pairs = new Uint32Array(64);
  readonly #views: SlabViews;
  readonly #table: HashTable;
  readonly #key: number;

  constructor(views: SlabViews, root: number) {
    this.#views = views;
    this.#key = views.u32[root + R_KEY]! | 0;
    this.#table = new HashTable(views, root + R_SETS);
  }

  ref(set: number): number {
    return this.#views.word(set, L_REF);
  }

  /** Puts the pairs of a set into `pairs`; returns how many. */
  read(set: number): number {
    let at = this.#views.reach(set) + L_PAIRS;
    let { u32 } = this.#views;
    let { pairs } = this;
    for (let count = 0; ; count++, at++) {
      if (count >= SMALL_WORDS - L_PAIRS) {
        this.#views.reach(set, L_PAIRS + count + 1);
        ({ u32 } = this.#views);
      }
      const word = u32[at]!;
      const pair = word & BLOCK_MASK;
      if (count === pairs.length) pairs = this.#grow();
      pairs[count] = pair;
      if (word >= LAST_PAIR) return pair === 0 ? 0 : count + 1;
    }
  }

  /** The label set of the first `count` pairs of `pairs`, 0 where there is none. */
  find(pairs: Uint32Array, count: number): number {
    const table = this.#table;
    table.begin(this.hash(pairs, count));
    for (let set = table.next(); set !== 0; set = table.next()) {
      if (this.#equals(set, pairs, count)) return set;
    }
    return 0;
  }

  hash(pairs: Uint32Array, count: number): number {
    return hashNumbers(pairs, count, this.#key);
  }

  hashOf(set: number): number {
    const count = this.read(set);
    return this.hash(this.pairs, count);
  }

  /** The symbol of the value that a set has for a name, 0 where it has no such label. */
  valueOf(set: number, name: number): number {
    const count = this.read(set);
    const { pairs } = this;
    for (let index = 0; index < count; index++) {
      const at = this.#views.reach(pairs[index]!);
      if (this.#views.u32[at + P_NAME] === name) return this.#views.u32[at + P_VALUE]!;
    }
    return 0;
  }

  #equals(set: number, pairs: Uint32Array, count: number): boolean {
    const known = this.read(set);
    if (known !== count) return false;
    for (let index = 0; index < count; index++) {
      if (this.pairs[index] !== pairs[index]) return false;
    }
    return true;
  }

  #grow(): Uint32Array<ArrayBuffer> {
    const grown = new Uint32Array(2 * this.pairs.length);
    grown.set(this.pairs);
    this.pairs = grown;
    return grown;
  }
}
