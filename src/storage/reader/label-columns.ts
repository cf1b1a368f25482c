import { Labels, METRIC_NAME } from '../../model/index.ts';
import type { SeriesGroups } from '../api.ts';
import { orderOfSets } from './label-order.ts';
import { WordMap } from './word-map.ts';

/** Label sets as numbers of pairs. */
export interface LabelColumnsData {
  /** name, value of each pair in turn; each pair once. */
  readonly texts: readonly string[];
  /** The pairs of set i, by their names, are `pairs[offsets[i], offsets[i + 1])`. */
  readonly offsets: Uint32Array;
  readonly pairs: Uint32Array;
}

/** What has label sets as numbers of pairs, in an epoch. */
export interface PairSource {
  /** What `readSet` found; filled again by the next one. */
  readonly pairNumbers: Uint32Array;
  /** Returns how many pairs there are; set 0 has none. */
  readSet(set: number): number;
  pairName(pair: number): string;
  pairValue(pair: number): string;
}

/** Collects label sets. */
export class LabelColumnsBuilder {
  readonly #texts: string[] = [];
  /** Numbers of pairs here, by name, then value. */
  readonly #byText = new Map<string, Map<string, number>>();
  /** Numbers here of the numbers of each source. */
  readonly #bySource = new Map<PairSource, WordMap>();
  readonly #isMixed: boolean;
  #offsets = new Uint32Array(16);
  #pairs = new Uint32Array(128);
  #length = 0;
  #end = 0;

  /** `isMixed`: the sets come from more than one source. */
  constructor(isMixed: boolean) {
    this.#isMixed = isMixed;
  }

  get length(): number {
    return this.#length;
  }

  /** Adds a set given as name, value, … in order of the names. */
  addTexts(texts: readonly string[]): void {
    this.#reserve(texts.length / 2);
    for (let at = 0; at < texts.length; at += 2) {
      this.#pairs[this.#end++] = this.#numberOf(texts[at]!, texts[at + 1]!);
    }
    this.#offsets[++this.#length] = this.#end;
  }

  /** Adds a label set of a source. */
  addSet(source: PairSource, set: number): void {
    let numbers = this.#bySource.get(source);
    if (numbers === undefined) {
      numbers = new WordMap();
      this.#bySource.set(source, numbers);
    }
    const count = source.readSet(set);
    const { pairNumbers } = source;
    this.#reserve(count);
    for (let index = 0; index < count; index++) {
      const pair = pairNumbers[index]!;
      let number = numbers.get(pair);
      if (number < 0) {
        number = this.#enter(source.pairName(pair), source.pairValue(pair));
        numbers.add(pair, number);
      }
      this.#pairs[this.#end++] = number;
    }
    this.#offsets[++this.#length] = this.#end;
  }

  /** Without an order the sets stay in that in which they were added. */
  build(isOrdered: boolean): LabelColumns {
    const data = {
      texts: this.#texts,
      offsets: this.#offsets.subarray(0, this.#length + 1),
      pairs: this.#pairs.subarray(0, this.#end),
    };
    return new LabelColumns(data, isOrdered ? orderOfSets(data) : undefined);
  }

  #enter(name: string, value: string): number {
    return this.#isMixed ? this.#numberOf(name, value) : this.#push(name, value);
  }

  #numberOf(name: string, value: string): number {
    let byValue = this.#byText.get(name);
    if (byValue === undefined) {
      byValue = new Map();
      this.#byText.set(name, byValue);
    }
    let number = byValue.get(value);
    if (number === undefined) {
      number = this.#push(name, value);
      byValue.set(value, number);
    }
    return number;
  }

  #push(name: string, value: string): number {
    return this.#texts.push(name, value) / 2 - 1;
  }

  /** Makes room for one more set of so many pairs. */
  #reserve(pairs: number): void {
    if (this.#length + 2 > this.#offsets.length) this.#offsets = larger(this.#offsets, 2);
    if (this.#end + pairs > this.#pairs.length) this.#pairs = larger(this.#pairs, pairs);
  }
}

function larger(words: Uint32Array<ArrayBuffer>, extra: number): Uint32Array<ArrayBuffer> {
  const grown = new Uint32Array(2 * words.length + extra);
  grown.set(words);
  return grown;
}

/** Label sets in their order. */
export class LabelColumns {
  readonly length: number;
  readonly #data: LabelColumnsData;
  readonly #order: Uint32Array | undefined;
  readonly #made: (Labels | undefined)[] = [];

  constructor(data: LabelColumnsData, order: Uint32Array | undefined) {
    this.#data = data;
    this.#order = order;
    this.length = data.offsets.length - 1;
  }

  /** What the numbers take; each text is there for many series. */
  get heldBytes(): number {
    const { offsets, pairs } = this.#data;
    return offsets.byteLength + pairs.byteLength + (this.#order?.byteLength ?? 0);
  }

  /** The place at which set `index`, in order, was added. */
  place(index: number): number {
    return this.#order === undefined ? index : this.#order[index]!;
  }

  labels(index: number): Labels {
    return (this.#made[index] ??= Labels.ofSorted(this.texts(this.place(index))));
  }

  /** name, value, … of the set that was added as number `place`. */
  texts(place: number): string[] {
    const { offsets, pairs, texts } = this.#data;
    const found: string[] = [];
    for (let at = offsets[place]!; at < offsets[place + 1]!; at++) {
      const pair = 2 * pairs[at]!;
      found.push(texts[pair]!, texts[pair + 1]!);
    }
    return found;
  }

  metricName(index: number): string {
    const { offsets, pairs, texts } = this.#data;
    const place = this.place(index);
    for (let at = offsets[place]!; at < offsets[place + 1]!; at++) {
      const pair = 2 * pairs[at]!;
      if (texts[pair] === METRIC_NAME) return texts[pair + 1]!;
    }
    return '';
  }

  /** All of them, the first `limit` when it is given. */
  list(limit = this.length): Labels[] {
    return Array.from({ length: Math.min(limit, this.length) }, (_, index) => this.labels(index));
  }

  /** As `SeriesSet.groups`. */
  groups(names: readonly string[], without: boolean): SeriesGroups {
    const { offsets, pairs } = this.#data;
    const kept = this.#keptPairs(names, without);
    const groupOf = new Uint32Array(this.length);
    const labels: Labels[] = [];
    const sets = new PairTree();
    for (let index = 0; index < this.length; index++) {
      const place = this.place(index);
      let node = 0;
      for (let at = offsets[place]!; at < offsets[place + 1]!; at++) {
        const pair = pairs[at]!;
        if (kept[pair] !== 0) node = sets.next(node, pair);
      }
      const group = sets.numberOf(node);
      if (group === labels.length) labels.push(this.#keptLabels(place, kept));
      groupOf[index] = group;
    }
    return { groupOf, labels };
  }

  #keptPairs(names: readonly string[], without: boolean): Uint8Array {
    const { texts } = this.#data;
    const named = new Set(names);
    if (without) named.add(METRIC_NAME);
    const kept = new Uint8Array(texts.length / 2);
    for (let pair = 0; pair < kept.length; pair++) {
      if (named.has(texts[2 * pair]!) !== without) kept[pair] = 1;
    }
    return kept;
  }

  #keptLabels(place: number, kept: Uint8Array): Labels {
    const { offsets, pairs, texts } = this.#data;
    const found: string[] = [];
    for (let at = offsets[place]!; at < offsets[place + 1]!; at++) {
      const pair = pairs[at]!;
      if (kept[pair] !== 0) found.push(texts[2 * pair]!, texts[2 * pair + 1]!);
    }
    return Labels.ofSorted(found);
  }
}

/** Sets of pairs as paths from node 0, numbered as they come. */
class PairTree {
  readonly #nodes = new Map<number, number>();
  readonly #numbers: number[] = [-1];
  #numberCount = 0;

  /** Node and pair are below 2^26 and 2^27 in any selection that fits into memory. */
  next(node: number, pair: number): number {
    const key = node * 2 ** 27 + pair;
    let next = this.#nodes.get(key);
    if (next === undefined) {
      next = this.#numbers.push(-1) - 1;
      this.#nodes.set(key, next);
    }
    return next;
  }

  numberOf(node: number): number {
    let number = this.#numbers[node]!;
    if (number < 0) {
      number = this.#numberCount++;
      this.#numbers[node] = number;
    }
    return number;
  }
}
