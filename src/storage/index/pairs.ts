import { HashTable } from './hash-table.ts';
import { P_LIST, P_NAME, P_REF, P_VALUE, R_PAIRS } from './layout.ts';
import type { SlabViews } from './slab-views.ts';
import type { Symbols } from './symbols.ts';
import { combineHashes } from './text-hash.ts';
import type { WordLists } from './word-list.ts';

/** The refs of a pair at one moment: `count` of them in a list, or one alone. */
export interface Postings {
  readonly count: number;
  /** 0 where there is `lone` only. */
  readonly list: number;
  readonly lone: number;
}

/** Label pairs, each held once; the number of a pair is its block. */
export class Pairs {
  readonly #views: SlabViews;
  readonly #symbols: Symbols;
  readonly #lists: WordLists;
  readonly #table: HashTable;

  constructor(views: SlabViews, root: number, symbols: Symbols, lists: WordLists) {
    this.#views = views;
    this.#symbols = symbols;
    this.#lists = lists;
    this.#table = new HashTable(views, root + R_PAIRS);
  }

  /** The pair of two texts, whose hashes may be given; 0 where no series has it. */
  find(
    name: string,
    value: string,
    nameHash = this.#symbols.hash(name),
    valueHash = this.#symbols.hash(value),
  ): number {
    const table = this.#table;
    table.begin(combineHashes(nameHash, valueHash));
    for (let pair = table.next(); pair !== 0; pair = table.next()) {
      if (
        this.#symbols.equals(this.value(pair), value, valueHash) &&
        this.#symbols.equals(this.name(pair), name, nameHash)
      ) {
        return pair;
      }
    }
    return 0;
  }

  /** The symbol of its name. */
  name(pair: number): number {
    return this.#views.word(pair, P_NAME);
  }

  value(pair: number): number {
    return this.#views.word(pair, P_VALUE);
  }

  hashOf(pair: number): number {
    return combineHashes(
      this.#symbols.hashOf(this.name(pair)),
      this.#symbols.hashOf(this.value(pair)),
    );
  }

  /** The refs of a pair as they are now. */
  postings(pair: number): Postings {
    const at = this.#views.reach(pair);
    const list = Atomics.load(this.#views.u32, at + P_LIST);
    if (list !== 0) return { count: this.#lists.length(list), list, lone: 0 };
    const lone = Atomics.load(this.#views.u32, at + P_REF);
    return { count: lone === 0 ? 0 : 1, list, lone };
  }
}
