import type { ByteWriter } from './bytes/byte-writer.ts';

/** Whole numbers `from` to `to`, both inclusive. */
export interface Interval {
  readonly from: number;
  readonly to: number;
}

/** Of all empty sets: ledgers are full of them. */
const NONE: number[] = [];

/**
 * A set of whole numbers from 0 to 2^53 - 1, kept as sorted ranges that neither touch nor overlap.
 * Its size in memory and on disk goes with the number of gaps, not with the numbers in it. Look-ups
 * take log(ranges); a change in the middle moves the ranges behind it.
 */
export class IntervalSet {
  #from: number[] = NONE;
  #to: number[] = NONE;
  #size = 0;
  /** Another set has the same arrays: copied before they are changed. */
  #isShared = true;

  static of(...ranges: readonly (readonly [number, number])[]): IntervalSet {
    const set = new IntervalSet();
    for (const [from, to] of ranges) set.add(from, to);
    return set;
  }

  /** How many numbers are in the set. */
  get size(): number {
    return this.#size;
  }

  /** How many ranges hold them. */
  get rangeCount(): number {
    return this.#from.length;
  }

  get first(): number | undefined {
    return this.#from[0];
  }

  get last(): number | undefined {
    return this.#to.at(-1);
  }

  has(value: number): boolean {
    const index = this.#indexFrom(value);
    const from = this.#from[index];
    return from !== undefined && from <= value;
  }

  /** Whether all of `from` to `to` is in the set; true of an empty range (`to` below `from`). */
  covers(from: number, to: number): boolean {
    if (to < from) return true;
    const index = this.#indexFrom(from);
    const start = this.#from[index];
    const end = this.#to[index];
    return start !== undefined && end !== undefined && start <= from && end >= to;
  }

  /** How many of `from` to `to` are in the set. */
  countIn(from: number, to: number): number {
    let count = 0;
    for (let index = this.#indexFrom(from); index < this.#from.length; index++) {
      const start = Math.max(from, this.#from[index]!);
      if (start > to) break;
      count += Math.min(to, this.#to[index]!) - start + 1;
    }
    return count;
  }

  /** Last number of the unbroken run that begins at `from`; `from - 1` when it is not in. */
  contiguousFrom(from: number): number {
    const index = this.#indexFrom(from);
    const start = this.#from[index];
    return start !== undefined && start <= from ? this.#to[index]! : from - 1;
  }

  /** Adds `from` to `to`; how many of them are new. */
  add(from: number, to: number = from): number {
    if (to < from) return 0;
    this.#own();
    const last = this.#to.length - 1;
    // Fast path: numbers that go on where the set ends.
    if (last >= 0 && this.#to[last] === from - 1) {
      this.#to[last] = to;
      this.#size += to - from + 1;
      return to - from + 1;
    }
    // Fast path: numbers beyond the end.
    if (last < 0 || this.#to[last]! < from) {
      this.#from.push(from);
      this.#to.push(to);
      this.#size += to - from + 1;
      return to - from + 1;
    }
    // Ranges that touch the new one are those from the first that ends at or after from - 1.
    const begin = this.#indexFrom(from - 1);
    let end = begin;
    let start = from;
    let stop = to;
    let held = 0;
    for (; end < this.#from.length && this.#from[end]! <= to + 1; end++) {
      start = Math.min(start, this.#from[end]!);
      stop = Math.max(stop, this.#to[end]!);
      held += this.#to[end]! - this.#from[end]! + 1;
    }
    this.#from.splice(begin, end - begin, start);
    this.#to.splice(begin, end - begin, stop);
    const added = stop - start + 1 - held;
    this.#size += added;
    return added;
  }

  /** Takes `from` to `to` out; how many of them were in. */
  remove(from: number, to: number = from): number {
    if (to < from) return 0;
    const begin = this.#indexFrom(from);
    // Fast path: none of them is in.
    if (begin === this.#from.length || this.#from[begin]! > to) return 0;
    this.#own();
    // Fast path: the last range, or its end.
    if (begin === this.#from.length - 1 && this.#to[begin]! <= to) {
      return this.#removeEnd(from);
    }
    const fromParts: number[] = [];
    const toParts: number[] = [];
    let removed = 0;
    let end = begin;
    for (; end < this.#from.length && this.#from[end]! <= to; end++) {
      const start = this.#from[end]!;
      const stop = this.#to[end]!;
      removed += Math.min(stop, to) - Math.max(start, from) + 1;
      if (start < from) {
        fromParts.push(start);
        toParts.push(from - 1);
      }
      if (stop > to) {
        fromParts.push(to + 1);
        toParts.push(stop);
      }
    }
    this.#from.splice(begin, end - begin, ...fromParts);
    this.#to.splice(begin, end - begin, ...toParts);
    this.#size -= removed;
    return removed;
  }

  /** Adds every range of another set. */
  addAll(other: IntervalSet): void {
    for (const { from, to } of other.ranges()) this.add(from, to);
  }

  clear(): void {
    this.#from = NONE;
    this.#to = NONE;
    this.#size = 0;
    this.#isShared = true;
  }

  clone(): IntervalSet {
    const copy = new IntervalSet();
    copy.assign(this);
    return copy;
  }

  /** Becomes what `other` is now. Nothing is copied until one of the two is changed. */
  assign(other: IntervalSet): void {
    this.#from = other.#from;
    this.#to = other.#to;
    this.#size = other.#size;
    this.#isShared = true;
    other.#isShared = true;
  }

  /** The ranges within `from` to `to`, ascending, cut at both ends. */
  ranges(from = 0, to: number = Number.MAX_SAFE_INTEGER): Interval[] {
    const found: Interval[] = [];
    for (let index = this.#indexFrom(from); index < this.#from.length; index++) {
      const start = Math.max(from, this.#from[index]!);
      if (start > to) break;
      found.push({ from: start, to: Math.min(to, this.#to[index]!) });
    }
    return found;
  }

  /** What is *not* in the set within `from` to `to`, ascending. */
  gaps(from: number, to: number): Interval[] {
    const found: Interval[] = [];
    let next = from;
    for (let index = this.#indexFrom(from); index < this.#from.length; index++) {
      const start = this.#from[index]!;
      if (start > to) break;
      if (start > next) found.push({ from: next, to: start - 1 });
      next = this.#to[index]! + 1;
    }
    if (next <= to) found.push({ from: next, to });
    return found;
  }

  /** Appends the number of ranges, then of each its distance from the last and its length. */
  encode(writer: ByteWriter): void {
    writer.uint(this.#from.length);
    let previous = 0;
    for (let index = 0; index < this.#from.length; index++) {
      const from = this.#from[index]!;
      const to = this.#to[index]!;
      writer.uint(from - previous);
      writer.uint(to - from);
      previous = to;
    }
  }

  /** Reads what `encode` wrote; `readUint` gives the next varint. */
  static decode(readUint: () => number): IntervalSet {
    const set = new IntervalSet();
    const count = readUint();
    let previous = 0;
    for (let index = 0; index < count; index++) {
      const from = previous + readUint();
      const to = from + readUint();
      set.add(from, to);
      previous = to;
    }
    return set;
  }

  /** Takes the last range out as far as it is at or after `from`; how many numbers that were. */
  #removeEnd(from: number): number {
    const last = this.#to.length - 1;
    const start = this.#from[last]!;
    const removed = this.#to[last]! - Math.max(start, from) + 1;
    this.#size -= removed;
    if (start < from) {
      this.#to[last] = from - 1;
    } else {
      this.#from.pop();
      this.#to.pop();
    }
    return removed;
  }

  #own(): void {
    if (!this.#isShared) return;
    this.#from = this.#from.slice();
    this.#to = this.#to.slice();
    this.#isShared = false;
  }

  /** Index of the first range that ends at or after `value`; the number of ranges if none does. */
  #indexFrom(value: number): number {
    const to = this.#to;
    let low = 0;
    let high = to.length;
    // Fast path: most look-ups are at the end.
    if (high === 0 || to[high - 1]! < value) return high;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (to[middle]! < value) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
