import type { ByteReader } from '../wal/byte-reader.ts';
import type { ByteWriter } from '../wal/byte-writer.ts';

/** Unsigned 64-bit numbers as columns of words, reused from chunk to chunk. */
export class WordColumns {
  low: Uint32Array;
  high: Uint32Array;

  constructor(capacity = 512) {
    this.low = new Uint32Array(capacity);
    this.high = new Uint32Array(capacity);
  }

  /** Makes room for `length` numbers; what was held is lost. */
  reset(length: number): void {
    if (length <= this.low.length) return;
    this.low = new Uint32Array(2 * length);
    this.high = new Uint32Array(2 * length);
  }
}

/** Bits that the largest of the numbers `[from, to)` needs, 0 to 64. */
export function bitWidth(words: WordColumns, from: number, to: number): number {
  const { low, high } = words;
  let anyLow = 0;
  let anyHigh = 0;
  for (let index = from; index < to; index++) {
    anyLow |= low[index]!;
    anyHigh |= high[index]!;
  }
  return anyHigh !== 0 ? 64 - Math.clz32(anyHigh) : 32 - Math.clz32(anyLow);
}

/** Bytes that `packBits` writes. */
export function packedBytes(count: number, width: number): number {
  return Math.ceil((count * width) / 8);
}

/**
 * Writes the low `width` bits of the numbers `[from, to)`, one after another from the lowest bit
 * of the first byte on; the last byte is filled up with zeros.
 */
export function packBits(
  writer: ByteWriter,
  words: WordColumns,
  from: number,
  to: number,
  width: number,
): void {
  if (width === 0) return;
  writer.reserve(packedBytes(to - from, width));
  const { buffer: bytes } = writer;
  const { low, high } = words;
  let at = writer.length;
  let held = 0;
  let heldBits = 0;
  for (let index = from; index < to; index++) {
    let left = width;
    let rest = low[index]!;
    // Pieces of at most 24 bits: with up to 7 held they fit 31 bits.
    for (let wordEnd = Math.max(0, width - 32); left > 0; ) {
      const bits = Math.min(24, left - wordEnd);
      held |= (rest & ((1 << bits) - 1)) << heldBits;
      heldBits += bits;
      rest >>>= bits;
      left -= bits;
      while (heldBits >= 8) {
        bytes[at++] = held & 0xff;
        held >>>= 8;
        heldBits -= 8;
      }
      if (left === wordEnd) {
        rest = high[index]!;
        wordEnd = 0;
      }
    }
  }
  if (heldBits > 0) bytes[at++] = held;
  writer.length = at;
}

/** Reads `to - from` numbers that `packBits` wrote into places `[from, to)`. */
export function unpackBits(
  reader: ByteReader,
  words: WordColumns,
  from: number,
  to: number,
  width: number,
): void {
  const { low, high } = words;
  if (width === 0) {
    low.fill(0, from, to);
    high.fill(0, from, to);
    return;
  }
  const bytes = reader.bytes(packedBytes(to - from, width));
  if (width <= 24) unpackNarrow(bytes, words, from, to, width);
  else unpackWide(bytes, words, from, to, width);
}

function unpackNarrow(
  bytes: Uint8Array,
  { low, high }: WordColumns,
  from: number,
  to: number,
  width: number,
): void {
  const mask = (1 << width) - 1;
  let at = 0;
  let held = 0;
  let heldBits = 0;
  high.fill(0, from, to);
  for (let index = from; index < to; index++) {
    while (heldBits < width) {
      held |= bytes[at++]! << heldBits;
      heldBits += 8;
    }
    low[index] = held & mask;
    held >>>= width;
    heldBits -= width;
  }
}

function unpackWide(
  bytes: Uint8Array,
  { low, high }: WordColumns,
  from: number,
  to: number,
  width: number,
): void {
  const lowBits = Math.min(32, width);
  let bit = 0;
  for (let index = from; index < to; index++) {
    low[index] = bitsAt(bytes, bit, lowBits);
    high[index] = width > 32 ? bitsAt(bytes, bit + 32, width - 32) : 0;
    bit += width;
  }
}

/** Up to 32 bits from bit `bit` on. */
function bitsAt(bytes: Uint8Array, bit: number, count: number): number {
  const at = bit >>> 3;
  const skip = bit & 7;
  let value =
    ((bytes[at] ?? 0) |
      ((bytes[at + 1] ?? 0) << 8) |
      ((bytes[at + 2] ?? 0) << 16) |
      ((bytes[at + 3] ?? 0) << 24)) >>>
    skip;
  if (skip > 0) value |= (bytes[at + 4] ?? 0) << (32 - skip);
  return count === 32 ? value >>> 0 : (value & (2 ** count - 1)) >>> 0;
}
