import { GrowingBytes } from '../../../util/index.ts';

const ENCODER = new TextEncoder();
const TWO_POWER_32 = 2 ** 32;
const VARINT_BYTES_MAX = 10;

/** Writes as Prometheus writes its files; the reader's opposite. */
export class BigEndianWriter extends GrowingBytes {
  u8(value: number): void {
    this.reserve(1);
    this.buffer[this.length++] = value;
  }

  u16(value: number): void {
    this.reserve(2);
    this.view.setUint16(this.length, value);
    this.length += 2;
  }

  u32(value: number): void {
    this.reserve(4);
    this.view.setUint32(this.length, value);
    this.length += 4;
  }

  /** Puts four bytes where there are some already. */
  setU32(at: number, value: number): void {
    this.view.setUint32(at, value);
  }

  /** A whole number from 0 to 2^53 in eight bytes. */
  u64(value: number): void {
    this.u32(Math.floor(value / TWO_POWER_32));
    this.u32(value >>> 0);
  }

  /** A whole number from 0 to 2^53. */
  uvarint(value: number): void {
    this.reserve(VARINT_BYTES_MAX);
    let rest = value;
    while (rest >= 0x80) {
      this.buffer[this.length++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.buffer[this.length++] = rest;
  }

  /** A whole number within ±2^52, zigzag-encoded. */
  varint(value: number): void {
    this.uvarint(value >= 0 ? 2 * value : -2 * value - 1);
  }

  /** Length in bytes, then the UTF-8 bytes. */
  text(text: string): void {
    const bytes = ENCODER.encode(text);
    this.uvarint(bytes.length);
    this.bytes(bytes);
  }

  /** Zeros up to a multiple of `alignment`. */
  pad(alignment: number): void {
    const count = (alignment - (this.length % alignment)) % alignment;
    this.reserve(count);
    this.buffer.fill(0, this.length, this.length + count);
    this.length += count;
  }
}
