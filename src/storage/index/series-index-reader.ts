import type { SlabReader } from '../../kernel/index.ts';
import type { Matcher } from '../../model/index.ts';
import { Labels } from '../../model/index.ts';
import { IndexView } from './index-view.ts';
import type { CollectedLabels } from './label-collector.ts';
import { LabelCollector } from './label-collector.ts';
import { literalBound } from './literal-bound.ts';
import type { Postings } from './pairs.ts';
import { sortDistinct } from './ref-sets.ts';
import { selectRefs } from './select.ts';

/** One value of a label name. */
export interface LabelValue {
  readonly text: string;
  /** The series that have it, ascending; some of them may just have been removed. */
  refs(): Uint32Array<ArrayBuffer>;
  /** Whether `test` takes any of them. */
  some(test: (ref: number) => boolean): boolean;
}

/**
 * Reads the label index of a slab, in place, on any thread. All that is done with one answer lies
 * within one epoch (`KernelReader.begin` to `end`), but on the writing thread, where it lies within
 * one turn. Arrays are the caller's.
 *
 * A *label set* is known by a number, which `setsOf` tells. It stays what it is to the end of the
 * epoch even if its series is removed meanwhile, so take them right after `select`.
 */
export class SeriesIndexReader {
  readonly #view: IndexView;

  /** The index must have been made. `view`: that of the writer, on its thread. */
  constructor(slab: SlabReader, view = new IndexView(slab)) {
    this.#view = view;
  }

  /** Number of series. */
  get size(): number {
    return this.#view.seriesCount;
  }

  /** The series that satisfy all matchers, ascending, with or without samples. */
  select(matchers: readonly Matcher[]): Uint32Array<ArrayBuffer> {
    return selectRefs(this.#view, matchers);
  }

  /** As `literalBound`. */
  bound(matchers: readonly Matcher[]): number | undefined {
    return literalBound(this.#view, matchers);
  }

  /** The series that satisfy all matchers of any of the lists; all series where there is none. */
  union(lists: readonly (readonly Matcher[])[]): Uint32Array<ArrayBuffer> {
    if (lists.length === 0) return this.select([]);
    const found = lists.map((matchers) => this.select(matchers));
    if (found.length === 1) return found[0]!;
    const all = new Uint32Array(found.reduce((sum, refs) => sum + refs.length, 0));
    let at = 0;
    for (const refs of found) {
      all.set(refs, at);
      at += refs.length;
    }
    return sortDistinct(all);
  }

  has(ref: number): boolean {
    return this.#view.directory.get(ref) !== 0;
  }

  /** Label sets of series; 0 where a series is gone. */
  setsOf(refs: Uint32Array): Uint32Array<ArrayBuffer> {
    const sets = new Uint32Array(refs.length);
    this.#view.directory.getEach(refs, sets);
    return sets;
  }

  /** The labels of a series, EMPTY where it is gone. */
  labels(ref: number): Labels {
    return Labels.fromPairs(this.pairs(ref));
  }

  /** name, value, … in the order of the names. */
  pairs(ref: number): string[] {
    return this.#textsOf(this.#view.directory.get(ref));
  }

  /** The labels of a label set. */
  labelsOfSet(set: number): Labels {
    return Labels.fromPairs(this.#textsOf(set));
  }

  /** Symbols of name, value, … of a series; none where it is gone. */
  symbolIds(ref: number): Uint32Array<ArrayBuffer> {
    const set = this.#view.directory.get(ref);
    if (set === 0) return new Uint32Array(0);
    const { sets, pairs } = this.#view;
    const symbols = new Uint32Array(2 * sets.read(set));
    for (let index = 0; index < symbols.length; index += 2) {
      const pair = sets.pairs[index >>> 1]!;
      symbols[index] = pairs.name(pair);
      symbols[index + 1] = pairs.value(pair);
    }
    return symbols;
  }

  /** The text of a symbol of this epoch; kept by this reader. */
  text(symbol: number): string {
    return this.#view.symbols.text(symbol);
  }

  /** The labels of many label sets at once, in their order; 0 has none. */
  collect(sets: Iterable<number>): CollectedLabels {
    const collector = this.collector();
    for (const set of sets) collector.add(set);
    return collector.build();
  }

  /** The same bit by bit. */
  collector(): LabelCollector {
    return new LabelCollector(this.#view);
  }

  /** The value of a label of a series, '' where it has no such label or is gone. */
  valueOf(ref: number, name: string): string {
    const symbol = this.#view.symbols.find(name);
    const set = this.#view.directory.get(ref);
    if (symbol === 0 || set === 0) return '';
    const value = this.#view.sets.valueOf(set, symbol);
    return value === 0 ? '' : this.#view.symbols.text(value);
  }

  /** The names of labels, in no order. */
  names(): string[] {
    return Array.from(this.#view.names(), (symbol) => this.#view.symbols.text(symbol));
  }

  /** The values of a name, in no order. */
  *values(name: string): IterableIterator<LabelValue> {
    const view = this.#view;
    const symbol = view.symbols.find(name);
    if (symbol === 0) return;
    for (const pair of view.pairsOf(symbol)) {
      yield {
        text: view.symbols.text(view.pairs.value(pair)),
        refs: () => view.refs(pair),
        some: (test) => someRef(view, view.pairs.postings(pair), 0, Infinity, test),
      };
    }
  }

  /** How many values a name has. */
  valueCount(name: string): number {
    const symbol = this.#view.symbols.find(name);
    return symbol === 0 ? 0 : this.#view.lists.length(this.#view.symbols.pairList(symbol));
  }

  /** The pairs of a name. While none is removed new ones come last. */
  pairsOf(name: string): Uint32Array<ArrayBuffer> {
    const symbol = this.#view.symbols.find(name);
    return symbol === 0 ? new Uint32Array(0) : this.#view.pairsOf(symbol);
  }

  /** The value of a pair. */
  pairValue(pair: number): string {
    return this.#view.symbols.text(this.#view.pairs.value(pair));
  }

  /** The series that have a pair; some of them may just have been removed. */
  postings(pair: number): Postings {
    return this.#view.pairs.postings(pair);
  }

  /** Whether `test` takes any of the postings `[from, to)`. */
  someOf(postings: Postings, from: number, to: number, test: (ref: number) => boolean): boolean {
    return someRef(this.#view, postings, from, to, test);
  }

  #textsOf(set: number): string[] {
    if (set === 0) return [];
    const { sets, pairs, symbols } = this.#view;
    const count = sets.read(set);
    const texts: string[] = [];
    for (let index = 0; index < count; index++) {
      const pair = sets.pairs[index]!;
      texts.push(symbols.text(pairs.name(pair)), symbols.text(pairs.value(pair)));
    }
    return texts;
  }
}

function someRef(
  { lists }: IndexView,
  { count, list, lone }: Postings,
  from: number,
  to: number,
  test: (ref: number) => boolean,
): boolean {
  if (list === 0) return from < Math.min(count, to) && test(lone);
  const end = Math.min(count, to);
  for (let index = from; index < end; index++) {
    if (test(lists.at(list, index))) return true;
  }
  return false;
}
