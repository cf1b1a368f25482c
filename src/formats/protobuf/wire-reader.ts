/** Wire types of the protobuf encoding; groups (3, 4) are not among them and are refused. */
export const WIRE_VARINT = 0;
export const WIRE_FIXED64 = 1;
export const WIRE_LENGTH = 2;
const WIRE_FIXED32 = 5;

const VARINT_BYTES_MAX = 10;
const TWO_POWER_32 = 2 ** 32;

/** Makes the error of the format that is read; offsets count from the start of `bytes`. */
export type WireFault = (offset: number, problem: string) => Error;

/**
 * Reads protobuf fields from bytes, without allocating. `position` moves on with each read and
 * never beyond `limit`, the end of the message that is being read; a nested message is read by
 * setting `limit` to what `lengthEnd` returned, and back afterwards.
 */
export class WireReader {
  readonly bytes: Uint8Array;
  position: number;
  limit: number;
  readonly #fault: WireFault;

  constructor(bytes: Uint8Array, start: number, end: number, fault: WireFault) {
    this.bytes = bytes;
    this.position = start;
    this.limit = end;
    this.#fault = fault;
  }

  error(problem: string, offset = this.position): Error {
    return this.#fault(offset, problem);
  }

  /** A field's key: field number × 8 + wire type. */
  key(): number {
    const key = this.uint();
    if (key < 8 || key >= TWO_POWER_32) throw this.error(`field key ${key}`);
    return key;
  }

  /** An unsigned varint; above 2^53 rounded. */
  uint(): number {
    // Fast path: most keys and lengths are one byte.
    if (this.position < this.limit) {
      const byte = this.bytes[this.position]!;
      if (byte < 0x80) {
        this.position++;
        return byte;
      }
    }
    const value = this.int();
    return value < 0 ? value + TWO_POWER_32 * TWO_POWER_32 : value;
  }

  /** An int64 varint; beyond ±2^53 rounded. */
  int(): number {
    const { bytes, limit } = this;
    let position = this.position;
    const lastByte = Math.min(limit, position + VARINT_BYTES_MAX);
    // Bits 0-27, 28-55 and 56-63, so that every part is a small integer.
    let low = 0;
    let middle = 0;
    let high = 0;
    for (let shift = 0; position < lastByte; shift += 7) {
      const byte = bytes[position++]!;
      const bits = byte & 0x7f;
      if (shift < 28) low |= bits << shift;
      else if (shift < 56) middle |= bits << (shift - 28);
      else high |= bits << (shift - 56);
      if (byte < 0x80) {
        this.position = position;
        return ((middle >>> 4) | (high << 24)) * TWO_POWER_32 + ((low | (middle << 28)) >>> 0);
      }
    }
    throw this.error(position === limit ? 'it ends inside a number' : 'a number over 64 bits');
  }

  /** A zigzag-encoded sint64 (or sint32). */
  zigzag(): number {
    const value = this.uint();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  /** The offset of a fixed64 value's eight bytes (little endian), which it skips. */
  fixed64(): number {
    const offset = this.position;
    if (this.limit - offset < 8) throw this.error('it ends inside a 64-bit value');
    this.position = offset + 8;
    return offset;
  }

  /** Reads a length and returns where the field that begins at `position` then ends. */
  lengthEnd(): number {
    const length = this.uint();
    if (length > this.limit - this.position) {
      throw this.error(`a field of ${length} bytes, ${this.limit - this.position} being left`);
    }
    return this.position + length;
  }

  /** The value of a field that must be a varint of the given kind. */
  uintField(key: number): number {
    this.#expect(key, WIRE_VARINT);
    return this.uint();
  }

  intField(key: number): number {
    this.#expect(key, WIRE_VARINT);
    return this.int();
  }

  zigzagField(key: number): number {
    this.#expect(key, WIRE_VARINT);
    return this.zigzag();
  }

  /** The value of a field that must be a double. NaN payloads may be lost. */
  doubleField(key: number): number {
    this.expectFixed64(key);
    return doubleAt(this.bytes, this.fixed64());
  }

  expectFixed64(key: number): void {
    this.#expect(key, WIRE_FIXED64);
  }

  /** Adds the value or, where the field is packed, the values of a repeated sint64. */
  repeatedZigzag(key: number, values: number[]): void {
    if ((key & 7) !== WIRE_LENGTH) {
      values.push(this.zigzagField(key));
      return;
    }
    const outerLimit = this.limit;
    this.limit = this.lengthEnd();
    while (this.position < this.limit) values.push(this.zigzag());
    this.limit = outerLimit;
  }

  /** Adds the value or, where the field is packed, the values of a repeated double. */
  repeatedDouble(key: number, values: number[]): void {
    if ((key & 7) !== WIRE_LENGTH) {
      values.push(this.doubleField(key));
      return;
    }
    const outerLimit = this.limit;
    this.limit = this.lengthEnd();
    while (this.position < this.limit) values.push(doubleAt(this.bytes, this.fixed64()));
    this.limit = outerLimit;
  }

  #expect(key: number, wireType: number): void {
    if ((key & 7) === wireType) return;
    throw this.error(`wire type ${key & 7} for field ${key >>> 3}, wanted ${wireType}`);
  }

  /** Skips the value of a field that is not known. */
  skip(key: number): void {
    switch (key & 7) {
      case WIRE_VARINT:
        this.uint();
        return;
      case WIRE_FIXED64:
        this.fixed64();
        return;
      case WIRE_LENGTH:
        this.position = this.lengthEnd();
        return;
      case WIRE_FIXED32:
        if (this.limit - this.position < 4) throw this.error('it ends inside a 32-bit value');
        this.position += 4;
        return;
      default:
        throw this.error(`wire type ${key & 7} of field ${key >>> 3}`);
    }
  }

  /** Skips a field whose number must not be one of 1 to `knownMax` (those have one wire type). */
  skipUnknown(key: number, knownMax: number): void {
    if (key >>> 3 <= knownMax) {
      throw this.error(`wire type ${key & 7} for field ${key >>> 3}, which has another`);
    }
    this.skip(key);
  }
}

const doubleBytes = new Uint8Array(8);
const doubleView = new DataView(doubleBytes.buffer);

/** The double whose little-endian bytes begin at `offset`. NaN payloads may be lost. */
export function doubleAt(bytes: Uint8Array, offset: number): number {
  for (let index = 0; index < 8; index++) doubleBytes[index] = bytes[offset + index]!;
  return doubleView.getFloat64(0, true);
}
