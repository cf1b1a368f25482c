import type { TsdbError } from '../errors.ts';
import { tsdbFault } from '../errors.ts';
import type { BytesSource } from './big-endian-reader.ts';

const TWO_POWER_32 = 2 ** 32;
const VARINT_BYTES_MAX = 10;
/** With up to seven bits before them, that many fit into the four bytes looked at. */
const ONE_LOOK_BITS = 25;

/** Reads bits, the highest of a byte first. Never reads beyond its end: `TsdbError` instead. */
export class BitReader {
  readonly #bytes: Uint8Array;
  /** In bits, as is the end. Chunks are far below 2^31 bits. */
  #position: number;
  readonly #end: number;
  readonly #file: string;
  readonly #base: number;

  /** Reads the bits of `bytes[start, end)`. */
  constructor(bytes: Uint8Array, start: number, end: number, { file, base = 0 }: BytesSource) {
    this.#bytes = bytes;
    this.#position = 8 * start;
    this.#end = 8 * end;
    this.#file = file;
    this.#base = base;
  }

  get remainingBits(): number {
    return this.#end - this.#position;
  }

  error(problem: string): TsdbError {
    const offset = this.#base + Math.floor(this.#position / 8);
    return tsdbFault({ file: this.#file, offset }, problem);
  }

  bit(): number {
    const position = this.#position;
    if (position >= this.#end) throw this.#truncated(1);
    this.#position = position + 1;
    return (this.#bytes[position >>> 3]! >>> (7 - (position & 7))) & 1;
  }

  /** The next `count` bits, 1 to 32, as an unsigned number. */
  bits(count: number): number {
    if (count > ONE_LOOK_BITS) {
      const high = this.bits(count - 16);
      return high * 0x10000 + this.bits(16);
    }
    const position = this.#position;
    if (position + count > this.#end) throw this.#truncated(count);
    this.#position = position + count;
    const bytes = this.#bytes;
    const at = position >>> 3;
    // Bytes beyond the array read as nothing, which the shift takes as 0 and then drops.
    const word =
      (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
    return (word << (position & 7)) >>> (32 - count);
  }

  /** Ones before the next zero, at most `limit`; the zero is read too. */
  ones(limit: number): number {
    let count = 0;
    while (count < limit && this.bit() === 1) count++;
    return count;
  }

  /** A signed 64-bit number; beyond ±2^53 rounded. */
  int64(): number {
    const high = this.bits(32) | 0;
    return high * TWO_POWER_32 + this.bits(32);
  }

  /** A double. NaN payloads may be lost. */
  double(): number {
    const high = this.bits(32);
    return doubleOf(this.bits(32), high);
  }

  /** An unsigned varint; beyond 2^53 rounded. */
  uvarint(): number {
    let value = 0;
    let scale = 1;
    for (let index = 0; index < VARINT_BYTES_MAX; index++) {
      const byte = this.bits(8);
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
      scale *= 0x80;
    }
    throw this.error('a number of more than 64 bits');
  }

  /** A zigzag-encoded varint; beyond ±2^52 rounded. */
  varint(): number {
    const value = this.uvarint();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  #truncated(wanted: number): TsdbError {
    return this.error(`the chunk ends after ${this.remainingBits} bits, wanted ${wanted}`);
  }
}

const words = new Uint32Array(2);
const view = new DataView(words.buffer);

/** The double with these two words. NaN payloads may be lost. */
export function doubleOf(low: number, high: number): number {
  view.setUint32(0, high);
  view.setUint32(4, low);
  return view.getFloat64(0);
}

/** Puts the words of a double into `into`, high word first. */
export function wordsOf(value: number, into: Uint32Array): void {
  view.setFloat64(0, value);
  into[0] = view.getUint32(0);
  into[1] = view.getUint32(4);
}
