import type { SlabReader } from '../../kernel/index.ts';
import { Directory } from './directory.ts';
import { LabelSets } from './label-sets.ts';
import {
  INDEX_ROOT_SLOT,
  R_NAMES,
  R_PAIR_COUNT,
  R_SERIES_COUNT,
  R_SYMBOL_COUNT,
} from './layout.ts';
import { ROOT_WORDS } from './layout.ts';
import { Pairs } from './pairs.ts';
import { SlabViews } from './slab-views.ts';
import { Symbols } from './symbols.ts';
import { WordLists } from './word-list.ts';

/** The parts of the label index as one thread reads them. */
export class IndexView {
  readonly views: SlabViews;
  /** Index of the first word of the root. */
  readonly root: number;
  readonly symbols: Symbols;
  readonly lists: WordLists;
  readonly pairs: Pairs;
  readonly sets: LabelSets;
  readonly directory: Directory;

  constructor(slab: SlabReader, views = new SlabViews(slab)) {
    this.views = views;
    views.refresh();
    const block = Atomics.load(views.u32, slab.rootAddress(INDEX_ROOT_SLOT) / 4);
    this.root = views.reach(block, ROOT_WORDS);
    this.symbols = new Symbols(views, this.root);
    this.lists = new WordLists(views);
    this.pairs = new Pairs(views, this.root, this.symbols, this.lists);
    this.sets = new LabelSets(views, this.root);
    this.directory = new Directory(views, this.root);
  }

  get seriesCount(): number {
    return this.views.u32[this.root + R_SERIES_COUNT]!;
  }

  get pairCount(): number {
    return this.views.u32[this.root + R_PAIR_COUNT]!;
  }

  get symbolCount(): number {
    return this.views.u32[this.root + R_SYMBOL_COUNT]!;
  }

  /** The symbols that are names of labels. */
  names(): Uint32Array<ArrayBuffer> {
    return this.lists.toArray(Atomics.load(this.views.u32, this.root + R_NAMES));
  }

  /** The pairs of a name, given as a symbol. */
  pairsOf(name: number): Uint32Array<ArrayBuffer> {
    return this.lists.toArray(this.symbols.pairList(name));
  }

  /** The refs that a pair has now, ascending. */
  refs(pair: number): Uint32Array<ArrayBuffer> {
    const { count, list, lone } = this.pairs.postings(pair);
    if (list !== 0) return this.lists.toArray(list, count);
    return count === 0 ? new Uint32Array(0) : Uint32Array.of(lone);
  }
}
