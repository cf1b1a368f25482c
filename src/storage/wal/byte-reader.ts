import { TextCache } from './text-cache.ts';

const TEXTS = new TextCache();

/** A record whose checksum is right holds what this version cannot read. */
export class RecordFormatError extends Error {}

/** Reads what `ByteWriter` wrote. Reading past the end throws `RecordFormatError`. */
export class ByteReader {
  readonly #bytes: Buffer;
  readonly #view: DataView;
  readonly #end: number;
  #at: number;

  /** Reads `bytes[start, end)`. */
  constructor(bytes: Uint8Array, start: number, end: number) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#at = start;
    this.#end = end;
  }

  get remaining(): number {
    return this.#end - this.#at;
  }

  u8(): number {
    return this.#view.getUint8(this.#take(1));
  }

  u32(): number {
    return this.#view.getUint32(this.#take(4), true);
  }

  i32(): number {
    return this.#view.getInt32(this.#take(4), true);
  }

  f64(): number {
    return this.#view.getFloat64(this.#take(8), true);
  }

  varint(): number {
    const first = this.u8();
    // Most are lengths of short texts.
    if (first < 0x80) return first;
    let value = first & 0x7f;
    let scale = 0x80;
    for (;;) {
      const byte = this.u8();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) break;
      scale *= 0x80;
      if (scale > Number.MAX_SAFE_INTEGER) throw new RecordFormatError('a number is too large');
    }
    return value;
  }

  /** A count of things that take at least `sizeBytes` each. */
  count(sizeBytes: number): number {
    const count = this.varint();
    if (count * sizeBytes > this.remaining) {
      throw new RecordFormatError(`${count} entries cannot be in ${this.remaining} bytes`);
    }
    return count;
  }

  text(): string {
    const length = this.varint();
    const at = this.#take(length);
    return TEXTS.read(this.#bytes, at, at + length);
  }

  /** A view of all that follows, which stays to be read. */
  rest(): Uint8Array {
    return this.#bytes.subarray(this.#at, this.#end);
  }

  texts(): string[] {
    // A loop: this is most of what replaying new series costs.
    const count = this.count(1);
    const texts = new Array<string>(count);
    for (let index = 0; index < count; index++) texts[index] = this.text();
    return texts;
  }

  /** A view of the next bytes. */
  bytes(length: number): Uint8Array {
    const at = this.#take(length);
    return this.#bytes.subarray(at, at + length);
  }

  #take(length: number): number {
    const at = this.#at;
    if (at + length > this.#end) {
      throw new RecordFormatError(`the record ends ${at + length - this.#end} bytes too early`);
    }
    this.#at = at + length;
    return at;
  }
}
