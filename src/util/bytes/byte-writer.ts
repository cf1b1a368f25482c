import { GrowingBytes } from './growing-bytes.ts';

const VARINT_BYTES_MAX = 10;
const TWO_POWER_32 = 2 ** 32;

/** Writes varints, 64-bit values and byte ranges. */
export class ByteWriter extends GrowingBytes {
  /** A varint of a whole number from 0 to 2^53. */
  uint(value: number): void {
    this.reserve(VARINT_BYTES_MAX);
    const bytes = this.buffer;
    let length = this.length;
    let rest = value;
    while (rest >= 0x80) {
      bytes[length++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    bytes[length++] = rest;
    this.length = length;
  }

  /** A varint of a whole number from -2^53 to 2^53, in two's complement of 64 bits. */
  int(value: number): void {
    if (value >= 0) {
      this.uint(value);
      return;
    }
    this.reserve(VARINT_BYTES_MAX);
    let high = Math.floor(value / TWO_POWER_32) | 0;
    let low = value >>> 0;
    // Nine groups of seven bits, then the sign bit, which is set.
    for (let group = 0; group < VARINT_BYTES_MAX - 1; group++) {
      this.buffer[this.length++] = (low & 0x7f) | 0x80;
      low = (low >>> 7) | (high << 25);
      high >>= 7;
    }
    this.buffer[this.length++] = 1;
  }

  /** The eight bytes, little endian, of a double given as two words. */
  words64(low: number, high: number): void {
    this.reserve(8);
    this.view.setUint32(this.length, low, true);
    this.view.setUint32(this.length + 4, high, true);
    this.length += 8;
  }

  /** A double, little endian. NaN payloads may be lost: `words64` keeps them. */
  double(value: number): void {
    this.reserve(8);
    this.view.setFloat64(this.length, value, true);
    this.length += 8;
  }
}

/** Bytes that `ByteWriter.int` takes for a whole number from -2^53 to 2^53. */
export function varintSize(value: number): number {
  if (value < 0) return VARINT_BYTES_MAX;
  let size = 1;
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) size++;
  return size;
}
