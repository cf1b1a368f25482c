import { wordsOf } from './bit-reader.ts';

const TWO_POWER_32 = 2 ** 32;
const doubleWords = new Uint32Array(2);

/** Bits that grow as they are written, the highest of a byte first; used again after `reset`. */
export class BitWriter {
  #bytes: Uint8Array<ArrayBuffer>;
  /** Whole and begun bytes. */
  #length = 0;
  /** Bits free in the last byte. */
  #room = 0;

  constructor(capacity = 512) {
    this.#bytes = new Uint8Array(capacity);
  }

  reset(): void {
    this.#length = 0;
    this.#room = 0;
  }

  /** What has been written, its last byte filled up with zeros; a view until the next write. */
  written(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Changes a whole byte written before. */
  setByte(at: number, value: number): void {
    this.#bytes[at] = value;
  }

  /** The low `count` bits, 0 to 32, of `value`. */
  bits(value: number, count: number): void {
    let left = count;
    while (left > 0) {
      if (this.#room === 0) this.#begin();
      const take = Math.min(this.#room, left);
      left -= take;
      this.#room -= take;
      const part = (value >>> left) & ((1 << take) - 1);
      this.#bytes[this.#length - 1]! |= part << this.#room;
    }
  }

  /** The 64 bits of a whole number within ±2^53, in two's complement. */
  int64(value: number): void {
    this.bits(Math.floor(value / TWO_POWER_32), 32);
    this.bits(value, 32);
  }

  double(value: number): void {
    wordsOf(value, doubleWords);
    this.bits(doubleWords[0]!, 32);
    this.bits(doubleWords[1]!, 32);
  }

  /** An unsigned varint of a whole number from 0 to 2^53. */
  uvarint(value: number): void {
    let rest = value;
    while (rest >= 0x80) {
      this.bits((rest % 0x80) | 0x80, 8);
      rest = Math.floor(rest / 0x80);
    }
    this.bits(rest, 8);
  }

  /** A zigzag-encoded varint of a whole number within ±2^52. */
  varint(value: number): void {
    this.uvarint(value >= 0 ? 2 * value : -2 * value - 1);
  }

  #begin(): void {
    if (this.#length === this.#bytes.length) {
      const grown = new Uint8Array(2 * this.#bytes.length);
      grown.set(this.#bytes);
      this.#bytes = grown;
    }
    this.#bytes[this.#length++] = 0;
    this.#room = 8;
  }
}
