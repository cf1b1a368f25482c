import type { ByteReader } from '../wal/byte-reader.ts';
import { RecordFormatError } from '../wal/byte-reader.ts';
import type { ByteWriter } from '../wal/byte-writer.ts';
import { packBits, packedBytes, unpackBits, WordColumns } from './bit-pack.ts';

/** Numbers that share one width and one least value. */
const GROUP = 64;
const WORD = 2 ** 32;
const ORDER_MAX = 2;
/** First byte of a column: the order of differences, or that the last differences are all equal. */
const EVEN = 8;

/**
 * Integers of magnitude below 2^50 as differences of order 0, 1 or 2, in groups of 64: each group
 * its least difference, and above it what is left, in as few bits as its largest needs.
 */
export class IntegerColumn {
  readonly #words = new WordColumns();
  #orders: Float64Array[] = [];

  /** Writes the first `length` of `integers`, which must not be empty. */
  encode(writer: ByteWriter, integers: Float64Array, length: number): void {
    this.#difference(integers, length);
    let best = 0;
    let bestBytes = Infinity;
    let even = false;
    for (let order = ORDER_MAX; order >= 0; order--) {
      if (length <= order) continue;
      const differences = this.#orders[order]!;
      even = isEven(differences, order, length);
      const bytes = even ? 0 : this.#sizeOf(differences, order, length);
      if (bytes < bestBytes || even) {
        best = order;
        bestBytes = bytes;
      }
    }
    // Of several orders that are even the least was met last.
    const chosen = this.#orders[best]!;
    even = isEven(chosen, best, length);
    writer.u8(even ? best | EVEN : best);
    for (let order = 0; order < best; order++) writeSigned(writer, this.#orders[order]![order]!);
    if (even) writeSigned(writer, chosen[best]!);
    else this.#writeGroups(writer, chosen, best, length);
  }

  /** Reads `length` integers into `into`, which must be large enough. */
  decode(reader: ByteReader, length: number, into: Float64Array): void {
    const head = reader.u8();
    const order = head & ~EVEN;
    if (order > ORDER_MAX || order >= length) {
      throw new RecordFormatError(`${head} is no form of ${length} integers`);
    }
    const firsts = [0, 0];
    for (let index = 0; index < order; index++) firsts[index] = readSigned(reader);
    if ((head & EVEN) !== 0) into.fill(readSigned(reader), order, length);
    else this.#readGroups(reader, into, order, length);
    if (order === 2) {
      into[1] = firsts[1]!;
      sumUp(into, 2, length);
    }
    if (order >= 1) {
      into[0] = firsts[0]!;
      sumUp(into, 1, length);
    }
  }

  #difference(integers: Float64Array, length: number): void {
    if ((this.#orders[1]?.length ?? 0) < length) {
      this.#orders = [integers, new Float64Array(2 * length), new Float64Array(2 * length)];
    }
    this.#orders[0] = integers;
    for (let order = 1; order <= ORDER_MAX; order++) {
      const source = this.#orders[order - 1]!;
      const target = this.#orders[order]!;
      for (let index = order; index < length; index++) {
        target[index] = source[index]! - source[index - 1]!;
      }
      if (order < length) target[order - 1] = 0;
    }
  }

  #sizeOf(differences: Float64Array, order: number, length: number): number {
    let bytes = 0;
    for (let from = order; from < length; from += GROUP) {
      const to = Math.min(length, from + GROUP);
      let least = Infinity;
      let greatest = -Infinity;
      for (let index = from; index < to; index++) {
        const value = differences[index]!;
        if (value < least) least = value;
        if (value > greatest) greatest = value;
      }
      bytes += 4 + packedBytes(to - from, widthOf(greatest - least));
    }
    return bytes;
  }

  #writeGroups(writer: ByteWriter, differences: Float64Array, order: number, length: number): void {
    const words = this.#words;
    words.reset(length);
    for (let from = order; from < length; from += GROUP) {
      const to = Math.min(length, from + GROUP);
      let least = Infinity;
      for (let index = from; index < to; index++) {
        if (differences[index]! < least) least = differences[index]!;
      }
      let anyLow = 0;
      let anyHigh = 0;
      for (let index = from; index < to; index++) {
        const above = differences[index]! - least;
        const low = above >>> 0;
        const high = above < WORD ? 0 : Math.floor(above / WORD);
        words.low[index] = low;
        words.high[index] = high;
        anyLow |= low;
        anyHigh |= high;
      }
      // Values in kibibytes or milliseconds of whole seconds end in zeros.
      const shift = anyLow === 0 ? 0 : 31 - Math.clz32(anyLow & -anyLow);
      if (shift > 0) shiftRight(words, from, to, shift);
      const width = (anyHigh !== 0 ? 64 - Math.clz32(anyHigh) : 32 - Math.clz32(anyLow)) - shift;
      writeSigned(writer, least);
      writer.u8(shift === 0 ? width : width | 0x80);
      if (shift > 0) writer.u8(shift);
      packBits(writer, words, from, to, Math.max(0, width));
    }
  }

  #readGroups(reader: ByteReader, into: Float64Array, order: number, length: number): void {
    const words = this.#words;
    words.reset(length);
    const { low, high } = words;
    for (let from = order; from < length; from += GROUP) {
      const to = Math.min(length, from + GROUP);
      const least = readSigned(reader);
      const head = reader.u8();
      const width = head & 0x7f;
      if (width > 53) throw new RecordFormatError(`integers cannot be ${width} bits wide`);
      const scale = (head & 0x80) === 0 ? 1 : 2 ** (reader.u8() & 31);
      unpackBits(reader, words, from, to, width);
      if (width <= 32) {
        for (let index = from; index < to; index++) into[index] = least + low[index]! * scale;
      } else {
        for (let index = from; index < to; index++) {
          into[index] = least + (high[index]! * WORD + low[index]!) * scale;
        }
      }
    }
  }
}

function shiftRight({ low, high }: WordColumns, from: number, to: number, shift: number): void {
  for (let index = from; index < to; index++) {
    low[index] = (low[index]! >>> shift) | (high[index]! << (32 - shift));
    high[index] = high[index]! >>> shift;
  }
}

function sumUp(into: Float64Array, from: number, length: number): void {
  let sum = into[from - 1]!;
  for (let index = from; index < length; index++) {
    sum += into[index]!;
    into[index] = sum;
  }
}

function isEven(differences: Float64Array, order: number, length: number): boolean {
  const first = differences[order]!;
  for (let index = order + 1; index < length; index++) {
    if (differences[index] !== first) return false;
  }
  return true;
}

/** Bits of the largest integer up to `span`. */
function widthOf(span: number): number {
  return span < WORD ? 32 - Math.clz32(span) : 64 - Math.clz32(Math.floor(span / WORD));
}

/** A signed integer below 2^52: twice its size, one less for negatives. */
function writeSigned(writer: ByteWriter, value: number): void {
  writer.varint(value < 0 ? -2 * value - 1 : 2 * value);
}

function readSigned(reader: ByteReader): number {
  const value = reader.varint();
  return value % 2 === 1 ? -(value + 1) / 2 : value / 2;
}
