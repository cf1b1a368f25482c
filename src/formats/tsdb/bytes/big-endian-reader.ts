import { utf8Text } from '../../../util/index.ts';
import type { TsdbError } from '../errors.ts';
import { tsdbFault } from '../errors.ts';

const TWO_POWER_32 = 2 ** 32;
const VARINT_BYTES_MAX = 10;

/** Where the bytes of a reader come from. */
export interface BytesSource {
  /** Named in errors. */
  readonly file: string;
  /** Offset in the file of the array's first byte; 0 where the array is the whole file. */
  readonly base?: number;
}

/**
 * Reads `bytes[start, end)` as Prometheus writes its files: big-endian words and varints. Never
 * reads beyond `end`; every method throws `TsdbError` instead. Whole numbers beyond 2^53 are
 * refused, since nothing here can be that large and right.
 */
export class BigEndianReader {
  readonly bytes: Uint8Array;
  /** Index into `bytes` of what is read next. */
  position: number;
  readonly end: number;
  readonly #file: string;
  readonly #base: number;
  readonly #view: DataView;

  constructor(bytes: Uint8Array, start: number, end: number, { file, base = 0 }: BytesSource) {
    this.bytes = bytes;
    this.position = start;
    this.end = Math.min(end, bytes.length);
    this.#file = file;
    this.#base = base;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    if (!(start >= 0 && start <= this.end)) {
      throw this.error(`it holds ${this.end} bytes, wanted something at ${start}`, this.end);
    }
  }

  get remaining(): number {
    return this.end - this.position;
  }

  error(problem: string, at = this.position): TsdbError {
    return tsdbFault({ file: this.#file, offset: this.#base + at }, problem);
  }

  u8(): number {
    return this.#view.getUint8(this.#take(1));
  }

  u16(): number {
    return this.#view.getUint16(this.#take(2));
  }

  u32(): number {
    return this.#view.getUint32(this.#take(4));
  }

  /** An unsigned 64-bit number, at most 2^53. */
  u64(): number {
    const at = this.#take(8);
    return this.#safe(this.#view.getUint32(at) * TWO_POWER_32 + this.#view.getUint32(at + 4), at);
  }

  /** A signed 64-bit number within ±2^53. */
  i64(): number {
    const at = this.#take(8);
    return this.#safe(this.#view.getInt32(at) * TWO_POWER_32 + this.#view.getUint32(at + 4), at);
  }

  /** A double. NaN payloads may be lost. */
  f64(): number {
    return this.#view.getFloat64(this.#take(8));
  }

  /** An unsigned varint, at most 2^53. */
  uvarint(): number {
    const at = this.position;
    // Fast path: most are one byte.
    if (at < this.end) {
      const byte = this.bytes[at]!;
      if (byte < 0x80) {
        this.position = at + 1;
        return byte;
      }
    }
    return this.#safe(this.#varint(), at);
  }

  /** A zigzag-encoded varint within ±2^52. */
  varint(): number {
    const value = this.uvarint();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  /** As `varint`, but numbers beyond ±2^52 are rounded: for times that mean the ends of time. */
  clampedVarint(): number {
    // The sign is the lowest bit, which rounding may lose.
    const isNegative = ((this.bytes[this.position] ?? 0) & 1) === 1;
    const value = this.#varint();
    return isNegative ? -(value + 1) / 2 : value / 2;
  }

  /** A number of things that take at least `sizeBytes` each. */
  count(sizeBytes: number): number {
    const at = this.position;
    const count = this.uvarint();
    this.#checkCount(count, sizeBytes, at);
    return count;
  }

  /** As `count`, of a number in four bytes. */
  count32(sizeBytes: number): number {
    const at = this.position;
    const count = this.u32();
    this.#checkCount(count, sizeBytes, at);
    return count;
  }

  /** A text with its length before it. */
  text(): string {
    const length = this.count(1);
    const at = this.#take(length);
    return utf8Text(this.bytes, at, at + length);
  }

  /** Moves on by `length` bytes and returns where they begin. */
  skip(length: number): number {
    return this.#take(length);
  }

  #take(length: number): number {
    const at = this.position;
    if (!(length <= this.end - at)) {
      throw this.error(`it ends after ${this.end - at} bytes, wanted ${length}`);
    }
    this.position = at + length;
    return at;
  }

  #varint(): number {
    const { bytes } = this;
    const last = Math.min(this.end, this.position + VARINT_BYTES_MAX);
    let value = 0;
    let scale = 1;
    for (let at = this.position; at < last; at++) {
      const byte = bytes[at]!;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        this.position = at + 1;
        return value;
      }
      scale *= 0x80;
    }
    throw this.error(
      last === this.end ? 'it ends inside a number' : 'a number of more than 64 bits',
    );
  }

  #safe(value: number, at: number): number {
    if (Number.isSafeInteger(value)) return value;
    throw this.error(`the number ${value}, wanted one within 2^53`, at);
  }

  #checkCount(count: number, sizeBytes: number, at: number): void {
    if (count * sizeBytes <= this.remaining) return;
    throw this.error(`${count} entries announced, ${this.remaining} bytes being left`, at);
  }
}
