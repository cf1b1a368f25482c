import { compareUtf8 } from '../../util/index.ts';
import type { LabelColumnsData } from './label-columns.ts';

const SURROGATE = /[\ud800-\udfff]/;

/** Sorts texts by their UTF-8 bytes, in place. */
export function sortTexts(texts: string[]): string[] {
  // Where there are no surrogates the order of the engine is the same, and much faster.
  return texts.some((text) => SURROGATE.test(text)) ? texts.sort(compareUtf8) : texts.sort();
}

/**
 * The places of label sets in their order: label by label, a set that ends sooner first. Pairs are
 * ranked within each column in which sets differ; the ranks of a set together make one number, and
 * numbers sort fast.
 */
export function orderOfSets(data: LabelColumnsData): Uint32Array {
  const count = data.offsets.length - 1;
  if (count < 2) return new Uint32Array(count);
  const keys = new Float64Array(count);
  const column = new Uint32Array(count);
  const ranks = new ColumnRanks(data.texts);
  const width = widthOf(data);
  /** Keys are below it. */
  let bound = 1;
  for (let index = 0; index < width; index++) {
    if (!readColumn(data, index, column)) continue;
    const distinct = ranks.rank(column);
    if (bound * distinct * count > Number.MAX_SAFE_INTEGER) {
      bound = makeDense(keys);
      if (bound * distinct * count > Number.MAX_SAFE_INTEGER) return compareAll(data);
    }
    for (let at = 0; at < count; at++) keys[at] = keys[at]! * distinct + column[at]!;
    bound *= distinct;
  }
  return orderOf(keys);
}

/** Pairs of the longest set. */
function widthOf({ offsets }: LabelColumnsData): number {
  let width = 0;
  for (let at = 1; at < offsets.length; at++) {
    width = Math.max(width, offsets[at]! - offsets[at - 1]!);
  }
  return width;
}

/** Pair number plus one of each set in a column, 0 where it has ended; false where all agree. */
function readColumn(
  { offsets, pairs }: LabelColumnsData,
  index: number,
  into: Uint32Array,
): boolean {
  let differs = false;
  for (let set = 0; set < into.length; set++) {
    const at = offsets[set]! + index;
    const id = at < offsets[set + 1]! ? pairs[at]! + 1 : 0;
    into[set] = id;
    if (id !== into[0]) differs = true;
  }
  return differs;
}

/** Replaces numbers of pairs by their ranks, one column after another. */
class ColumnRanks {
  readonly #texts: readonly string[];
  /** By pair number plus one; 0 is that of sets which have ended. */
  readonly #ranks: Uint32Array;
  /** The column in which a pair was seen last. */
  readonly #seenIn: Uint32Array;
  #columnNumber = 0;

  constructor(texts: readonly string[]) {
    this.#texts = texts;
    this.#ranks = new Uint32Array(texts.length / 2 + 1);
    this.#seenIn = new Uint32Array(texts.length / 2 + 1);
  }

  /** Returns how many ranks there are. */
  rank(column: Uint32Array): number {
    const number = ++this.#columnNumber;
    const found: number[] = [];
    for (const id of column) {
      if (id === 0 || this.#seenIn[id] === number) continue;
      this.#seenIn[id] = number;
      found.push(id);
    }
    found.sort(this.#comparison(found));
    for (let rank = 0; rank < found.length; rank++) this.#ranks[found[rank]!] = rank + 1;
    for (let at = 0; at < column.length; at++) column[at] = this.#ranks[column[at]!]!;
    return found.length + 1;
  }

  /** By name, then by value. */
  #comparison(ids: readonly number[]): (a: number, b: number) => number {
    const texts = this.#texts;
    const name = (id: number): string => texts[2 * id - 2]!;
    const value = (id: number): string => texts[2 * id - 1]!;
    const first = name(ids[0]!);
    const isPlain = ids.every((id) => name(id) === first && !SURROGATE.test(value(id)));
    if (isPlain) return (a, b) => (texts[2 * a - 1]! < texts[2 * b - 1]! ? -1 : 1);
    return (a, b) => compareUtf8(name(a), name(b)) || compareUtf8(value(a), value(b));
  }
}

/** Replaces keys by their places among the different ones; how many these are. */
function makeDense(keys: Float64Array): number {
  const different = keys.slice().sort();
  const places = new Map<number, number>();
  for (const key of different) if (!places.has(key)) places.set(key, places.size);
  for (let at = 0; at < keys.length; at++) keys[at] = places.get(keys[at]!)!;
  return places.size;
}

/** With the place behind it each key is a number of its own. */
function orderOf(keys: Float64Array): Uint32Array {
  const count = keys.length;
  for (let at = 0; at < count; at++) keys[at] = keys[at]! * count + at;
  keys.sort();
  const order = new Uint32Array(count);
  for (let at = 0; at < count; at++) {
    const key = keys[at]!;
    // What `%` gives, for a tenth of its time; the quotient may have been rounded up.
    const rest = key - Math.floor(key / count) * count;
    order[at] = rest < 0 ? rest + count : rest;
  }
  return order;
}

/** Where ranks make too large numbers: hundreds of thousands of sets with nothing in common. */
function compareAll({ texts, offsets, pairs }: LabelColumnsData): Uint32Array {
  const order = Uint32Array.from({ length: offsets.length - 1 }, (_, index) => index);
  return order.sort((a, b) => {
    let left = offsets[a]!;
    let right = offsets[b]!;
    for (; left < offsets[a + 1]! && right < offsets[b + 1]!; left++, right++) {
      const [one, other] = [2 * pairs[left]!, 2 * pairs[right]!];
      if (one === other) continue;
      return (
        compareUtf8(texts[one]!, texts[other]!) || compareUtf8(texts[one + 1]!, texts[other + 1]!)
      );
    }
    return offsets[a + 1]! - left - (offsets[b + 1]! - right);
  });
}
