import { KernelMemoryError } from '../../kernel/index.ts';
import { HashTableWriter } from './hash-table.ts';
import type { IndexView } from './index-view.ts';
import {
  P_LIST,
  P_NAME,
  P_REF,
  P_VALUE,
  PAIR_WORDS,
  R_NAMES,
  R_PAIR_COUNT,
  R_PAIRS,
} from './layout.ts';
import { PairCache } from './pair-cache.ts';
import type { SlabBlocks } from './slab-views.ts';
import { SymbolWriter } from './symbol-writer.ts';
import type { WordListWriter } from './word-list-writer.ts';

/** Labels of a label set whose places are remembered. */
const PLACES = 64;

/** Makes and drops pairs. */
export class PairWriter {
  readonly #blocks: SlabBlocks;
  readonly #view: IndexView;
  readonly #lists: WordListWriter;
  readonly #symbols: SymbolWriter;
  readonly #table: HashTableWriter;
  readonly #cache: PairCache;
  /** By place in a label set: the pair that was found there last, and its texts. */
  readonly #namesAt: string[] = new Array<string>(PLACES).fill('');
  readonly #valuesAt: string[] = new Array<string>(PLACES).fill('');
  readonly #pairsAt = new Uint32Array(PLACES);

  constructor(blocks: SlabBlocks, view: IndexView, lists: WordListWriter) {
    this.#blocks = blocks;
    this.#view = view;
    this.#lists = lists;
    this.#symbols = new SymbolWriter(blocks, view.root, view.symbols);
    this.#table = new HashTableWriter(blocks, view.root + R_PAIRS, (pair) =>
      view.pairs.hashOf(pair),
    );
    this.#cache = new PairCache(view.symbols);
  }

  /** How many more symbols and pairs fit in their tables. */
  room(): { readonly symbols: number; readonly pairs: number } {
    return { symbols: this.#symbols.room, pairs: this.#table.room };
  }

  /** The kernel has made symbols and pairs, for which there was room. */
  countEntered(symbols: number, pairs: number): void {
    this.#symbols.countEntered(symbols);
    this.#table.countEntered(pairs);
  }

  /**
   * The pair of two texts, 0 where no series has it. `place` is that of the label in its set: label
   * sets that are made one after another have most of their pairs at the same places.
   */
  findAt(place: number, name: string, value: string): number {
    if (place >= PLACES) return this.find(name, value);
    if (this.#valuesAt[place] === value && this.#namesAt[place] === name) {
      return this.#pairsAt[place]!;
    }
    const pair = this.find(name, value);
    if (pair !== 0) this.#keepAt(place, name, value, pair);
    return pair;
  }

  /**
   * The same, made where there is none; it has no refs then, and must get one or be dropped.
   * @throws KernelMemoryError
   */
  findOrCreateAt(place: number, name: string, value: string): number {
    const found = this.findAt(place, name, value);
    if (found !== 0) return found;
    const pair = this.#create(name, value);
    if (place < PLACES) this.#keepAt(place, name, value, pair);
    return pair;
  }

  #keepAt(place: number, name: string, value: string, pair: number): void {
    this.#namesAt[place] = name;
    this.#valuesAt[place] = value;
    this.#pairsAt[place] = pair;
  }

  /** The pair of two texts, 0 where no series has it. */
  find(name: string, value: string): number {
    const cached = this.#cache.get(name, value);
    if (cached !== 0) return cached;
    const { pairs, symbols } = this.#view;
    return this.#remember(name, value, pairs.find(name, value, symbols.hash(name)));
  }

  /** Drops pairs that have no refs; those for which there was no memory to do so are returned. */
  drop(dead: readonly number[]): number[] {
    if (dead.length === 0) return [];
    this.#cache.clear();
    this.#namesAt.fill('');
    this.#valuesAt.fill('');
    this.#pairsAt.fill(0);
    const left: number[] = [];
    const pairs: number[] = [];
    const symbols: number[] = [];
    for (const [name, ofName] of this.#byName(dead)) {
      if (this.#unlist(name, ofName)) {
        for (const pair of ofName) this.#unlink(pair, symbols);
        pairs.push(...ofName);
      } else {
        left.push(...ofName);
      }
    }
    // Only now does nothing point to any of the symbols.
    for (const pair of pairs) this.#blocks.retire(pair, 'postings');
    for (const symbol of symbols) this.#blocks.retire(symbol, 'symbols');
    return left;
  }

  #byName(pairs: readonly number[]): Map<number, Set<number>> {
    const byName = new Map<number, Set<number>>();
    for (const pair of pairs) {
      const name = this.#view.pairs.name(pair);
      const ofName = byName.get(name);
      if (ofName === undefined) byName.set(name, new Set([pair]));
      else ofName.add(pair);
    }
    return byName;
  }

  #remember(name: string, value: string, pair: number): number {
    if (pair === 0) return 0;
    const { pairs } = this.#view;
    const found = { pair, name: pairs.name(pair), value: pairs.value(pair) };
    this.#cache.set(name, value, found);
    return pair;
  }

  #create(name: string, value: string): number {
    const { symbols } = this.#view;
    this.#table.reserve();
    const nameSymbol = this.#symbols.acquire(name, symbols.hash(name));
    let valueSymbol = 0;
    let pair = 0;
    let names = 0;
    let list = 0;
    const oldList = symbols.pairList(nameSymbol);
    const oldNames = this.#blocks.u32[this.#view.root + R_NAMES]!;
    try {
      valueSymbol = this.#symbols.acquire(value, symbols.hash(value));
      pair = this.#blocks.allocate(PAIR_WORDS, 'postings');
      names = oldList === 0 ? this.#lists.withRoom(oldNames) : oldNames;
      list = this.#lists.withRoom(oldList);
    } catch (error) {
      this.#lists.release(names, oldNames);
      this.#blocks.release(pair, 'postings');
      if (valueSymbol !== 0) this.#releaseSymbol(valueSymbol);
      this.#releaseSymbol(nameSymbol);
      throw error;
    }
    const { u32 } = this.#blocks;
    const at = pair << 2;
    u32[at + P_NAME] = nameSymbol;
    u32[at + P_VALUE] = valueSymbol;
    u32[at + P_REF] = 0;
    u32[at + P_LIST] = 0;
    this.#lists.push(list, pair);
    this.#symbols.setPairList(nameSymbol, list);
    this.#lists.retire(oldList, list);
    if (oldList === 0) {
      this.#lists.push(names, nameSymbol);
      Atomics.store(u32, this.#view.root + R_NAMES, names);
      this.#lists.retire(oldNames, names);
    }
    this.#table.insert(this.#view.pairs.hashOf(pair), pair);
    u32[this.#view.root + R_PAIR_COUNT]!++;
    return pair;
  }

  /** Takes pairs out of the list of their name; false where there is no memory for that. */
  #unlist(symbol: number, dead: ReadonlySet<number>): boolean {
    const { lists, root } = this.#view;
    const oldList = this.#view.symbols.pairList(symbol);
    const oldNames = this.#blocks.u32[root + R_NAMES]!;
    let list = 0;
    let names = oldNames;
    try {
      list = this.#lists.create(lists.toArray(oldList).filter((pair) => !dead.has(pair)));
      if (list === 0) {
        names = this.#lists.create(lists.toArray(oldNames).filter((other) => other !== symbol));
      }
    } catch (error) {
      if (!(error instanceof KernelMemoryError)) throw error;
      this.#lists.release(list, 0);
      return false;
    }
    this.#symbols.setPairList(symbol, list);
    this.#lists.retire(oldList, list);
    if (names !== oldNames) {
      Atomics.store(this.#blocks.u32, root + R_NAMES, names);
      this.#lists.retire(oldNames, names);
    }
    return true;
  }

  #unlink(pair: number, retired: number[]): void {
    const { pairs } = this.#view;
    this.#table.remove(pairs.hashOf(pair), pair);
    this.#blocks.u32[this.#view.root + R_PAIR_COUNT]!--;
    for (const symbol of [pairs.name(pair), pairs.value(pair)]) {
      if (this.#symbols.release(symbol)) retired.push(symbol);
    }
  }

  #releaseSymbol(symbol: number): void {
    if (this.#symbols.release(symbol)) this.#blocks.retire(symbol, 'symbols');
  }
}
