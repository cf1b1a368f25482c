const TWO_POWER_32 = 2 ** 32;

/** Bytes end before, or say something else than, what is read from them. */
export class BadBytesError extends RangeError {}

/** Reads what a `ByteWriter` wrote. Never reads outside the bytes given. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #offset = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get remaining(): number {
    return this.#bytes.length - this.#offset;
  }

  /**
   * A varint of a whole number from 0 to 2^53 - 1.
   * @throws BadBytesError when the bytes end within it or it is larger.
   */
  uint(): number {
    let value = 0;
    let weight = 1;
    for (;;) {
      const byte = this.#bytes[this.#offset++];
      if (byte === undefined) throw new BadBytesError('the bytes end within a number');
      value += (byte & 0x7f) * weight;
      if (value > Number.MAX_SAFE_INTEGER) {
        throw new BadBytesError(`a number is ${value}, more than 2^53 - 1`);
      }
      if (byte < 0x80) return value;
      weight *= 0x80;
    }
  }

  /** A 32-bit number, little endian. */
  uint32(): number {
    const at = this.#take(4);
    return this.#view.getUint32(at, true);
  }

  /** A whole number of 64 bits, little endian, at most 2^53 - 1. */
  uint64(): number {
    const at = this.#take(8);
    const value =
      this.#view.getUint32(at, true) + this.#view.getUint32(at + 4, true) * TWO_POWER_32;
    if (value > Number.MAX_SAFE_INTEGER) {
      throw new BadBytesError(`a number is ${value}, more than 2^53 - 1`);
    }
    return value;
  }

  /** The next `length` bytes; a view, not a copy. */
  bytes(length: number): Uint8Array {
    const at = this.#take(length);
    return this.#bytes.subarray(at, at + length);
  }

  #take(length: number): number {
    const at = this.#offset;
    if (length > this.remaining) {
      throw new BadBytesError(`${length} bytes wanted, ${this.remaining} are left`);
    }
    this.#offset += length;
    return at;
  }
}
