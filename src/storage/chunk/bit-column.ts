import { HIGH_WORD, LOW_WORD } from '../../model/index.ts';
import type { ByteReader } from '../wal/byte-reader.ts';
import { RecordFormatError } from '../wal/byte-reader.ts';
import type { ByteWriter } from '../wal/byte-writer.ts';
import { bitWidth, packBits, packedBytes, unpackBits, WordColumns } from './bit-pack.ts';

/** Numbers that share one width. */
const GROUP = 64;
/** Beside the number of shifted bits in the first byte: differences are by subtraction. */
const SUBTRACTED = 0x80;

/** Any 64 bits, each as its difference from the one before: by exclusive or, or by subtraction. */
export class BitColumn {
  readonly #words = new WordColumns();
  readonly #other = new WordColumns();

  /** Writes values `[from, to)`, which must not be none, the smaller way. Returns whether by or. */
  encode(writer: ByteWriter, words: Uint32Array, from: number, to: number): void {
    const length = to - from;
    this.#words.reset(length);
    this.#other.reset(length);
    const zeros = exclusiveOr(words, from, to, this.#words);
    const otherZeros = subtract(words, from, to, this.#other);
    const bySubtraction = sizeOf(this.#other, length) < sizeOf(this.#words, length);
    const chosen = bySubtraction ? this.#other : this.#words;
    writer.u8(bySubtraction ? SUBTRACTED | otherZeros : zeros);
    writer.u32(words[2 * from + LOW_WORD]!);
    writer.u32(words[2 * from + HIGH_WORD]!);
    for (let at = 1; at < length; at += GROUP) {
      const end = Math.min(length, at + GROUP);
      const width = bitWidth(chosen, at, end);
      writer.u8(width);
      packBits(writer, chosen, at, end, width);
    }
  }

  /** Reads `length` values into those from index `at` on that `into` are the words of. */
  decode(reader: ByteReader, length: number, into: Uint32Array, at: number): void {
    const head = reader.u8();
    if ((head & 0x40) !== 0) throw new RecordFormatError(`${head} is no form of bits`);
    const words = this.#words;
    words.reset(length);
    words.low[0] = reader.u32();
    words.high[0] = reader.u32();
    for (let from = 1; from < length; from += GROUP) {
      const width = reader.u8();
      if (width > 64) throw new RecordFormatError(`a value cannot be ${width} bits wide`);
      unpackBits(reader, words, from, Math.min(length, from + GROUP), width);
    }
    if (head >= SUBTRACTED) sumUp(words, length, head & 63, into, at);
    else orUp(words, length, head, into, at);
  }
}

/** Into `target`, each value against the one before, shifted right; returns by how many bits. */
function exclusiveOr(words: Uint32Array, from: number, to: number, target: WordColumns): number {
  const { low, high } = target;
  let anyLow = 0;
  let anyHigh = 0;
  for (let index = from + 1; index < to; index++) {
    const at = index - from;
    low[at] = words[2 * index + LOW_WORD]! ^ words[2 * index - 2 + LOW_WORD]!;
    high[at] = words[2 * index + HIGH_WORD]! ^ words[2 * index - 2 + HIGH_WORD]!;
    anyLow |= low[at];
    anyHigh |= high[at];
  }
  const zeros = trailingZeros(anyLow, anyHigh);
  for (let at = 1; at < to - from; at++) {
    const lowWord = low[at]!;
    const highWord = high[at]!;
    if (zeros >= 32) {
      low[at] = highWord >>> (zeros - 32);
      high[at] = 0;
    } else if (zeros > 0) {
      low[at] = (lowWord >>> zeros) | (highWord << (32 - zeros));
      high[at] = highWord >>> zeros;
    }
  }
  return zeros;
}

function trailingZeros(low: number, high: number): number {
  if (low !== 0) return 31 - Math.clz32(low & -low);
  return high === 0 ? 0 : 63 - Math.clz32(high & -high);
}

/**
 * Into `target`, each value less the one before modulo 2^64, shifted right, so that small ones of
 * either sign are small; returns by how many bits.
 */
function subtract(words: Uint32Array, from: number, to: number, target: WordColumns): number {
  const { low, high } = target;
  let anyLow = 0;
  let anyHigh = 0;
  for (let index = from + 1; index < to; index++) {
    const lowWord = words[2 * index + LOW_WORD]!;
    const before = words[2 * index - 2 + LOW_WORD]!;
    const borrow = lowWord < before ? 1 : 0;
    const at = index - from;
    low[at] = lowWord - before;
    high[at] = words[2 * index + HIGH_WORD]! - words[2 * index - 2 + HIGH_WORD]! - borrow;
    anyLow |= low[at];
    anyHigh |= high[at];
  }
  const zeros = trailingZeros(anyLow, anyHigh);
  for (let at = 1; at < to - from; at++) {
    let lowWord = low[at]!;
    let highWord = high[at]! | 0;
    const sign = highWord >> 31;
    if (zeros >= 32) {
      lowWord = highWord >> (zeros - 32);
      highWord = sign;
    } else if (zeros > 0) {
      lowWord = (lowWord >>> zeros) | (highWord << (32 - zeros));
      highWord >>= zeros;
    }
    low[at] = (lowWord << 1) ^ sign;
    high[at] = ((highWord << 1) | (lowWord >>> 31)) ^ sign;
  }
  return zeros;
}

function sizeOf(words: WordColumns, length: number): number {
  let bytes = 0;
  for (let at = 1; at < length; at += GROUP) {
    const end = Math.min(length, at + GROUP);
    bytes += packedBytes(end - at, bitWidth(words, at, end));
  }
  return bytes;
}

function orUp(
  { low, high }: WordColumns,
  length: number,
  zeros: number,
  into: Uint32Array,
  at: number,
): void {
  let lowWord = low[0]!;
  let highWord = high[0]!;
  into[2 * at + LOW_WORD] = lowWord;
  into[2 * at + HIGH_WORD] = highWord;
  for (let index = 1; index < length; index++) {
    if (zeros >= 32) {
      highWord ^= low[index]! << (zeros - 32);
    } else if (zeros === 0) {
      lowWord ^= low[index]!;
      highWord ^= high[index]!;
    } else {
      lowWord ^= low[index]! << zeros;
      highWord ^= (high[index]! << zeros) | (low[index]! >>> (32 - zeros));
    }
    into[2 * (at + index) + LOW_WORD] = lowWord;
    into[2 * (at + index) + HIGH_WORD] = highWord;
  }
}

function sumUp(
  { low, high }: WordColumns,
  length: number,
  zeros: number,
  into: Uint32Array,
  at: number,
): void {
  let lowWord = low[0]!;
  let highWord = high[0]!;
  into[2 * at + LOW_WORD] = lowWord;
  into[2 * at + HIGH_WORD] = highWord;
  for (let index = 1; index < length; index++) {
    const sign = -(low[index]! & 1);
    let lowDifference = ((low[index]! >>> 1) | (high[index]! << 31)) ^ sign;
    let highDifference = (high[index]! >>> 1) ^ sign;
    if (zeros >= 32) {
      highDifference = lowDifference << (zeros - 32);
      lowDifference = 0;
    } else if (zeros > 0) {
      highDifference = (highDifference << zeros) | (lowDifference >>> (32 - zeros));
      lowDifference <<= zeros;
    }
    const sum = lowWord + (lowDifference >>> 0);
    lowWord = sum >>> 0;
    highWord = (highWord + highDifference + (sum >= 0x1_0000_0000 ? 1 : 0)) >>> 0;
    into[2 * (at + index) + LOW_WORD] = lowWord;
    into[2 * (at + index) + HIGH_WORD] = highWord;
  }
}
