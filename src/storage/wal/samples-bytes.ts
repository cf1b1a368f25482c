import { RecordFormatError } from './byte-reader.ts';

/** Greatest number whose sign can be put into its lowest bit without loss, as a distance. */
export const DISTANCE_MOST = 2 ** 50;

/** 0, -1, 1, -2, … as 0, 1, 2, 3, …; at most `2 * DISTANCE_MOST` from zero. */
export function zigzag(value: number): number {
  return value >= 0 ? 2 * value : -2 * value - 1;
}

export function unzigzag(value: number): number {
  return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
}

/** A place in the bytes of a record; checks each step. */
export class SampleBytes {
  readonly bytes: Uint8Array;
  at = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  get remaining(): number {
    return this.bytes.length - this.at;
  }

  varint(): number {
    const { bytes } = this;
    let value = 0;
    let scale = 1;
    for (;;) {
      if (this.at >= bytes.length) throw new RecordFormatError('the record ends in a number');
      const byte = bytes[this.at++]!;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
      scale *= 0x80;
      if (scale > Number.MAX_SAFE_INTEGER) throw new RecordFormatError('a number is too large');
    }
  }

  /** Where the next `length` bytes begin. */
  take(length: number): number {
    const { at } = this;
    if (length > this.remaining) {
      throw new RecordFormatError(`${length} bytes cannot be in ${this.remaining}`);
    }
    this.at = at + length;
    return at;
  }
}
