/** Zero bytes after a bit stream, so that a reader may load the bytes of a word without asking. */
export const BIT_PADDING_BYTES = 4;

/** Writes numbers of 0 to 32 bits one after the other, least significant bit first. */
export class BitWriter {
  #bytes = new Uint8Array(4096);
  #position = 0;

  reset(): void {
    this.#bytes.fill(0, 0, (this.#position >>> 3) + 1 + BIT_PADDING_BYTES);
    this.#position = 0;
  }

  /** Makes room for `bits` more. */
  reserve(bits: number): void {
    const wanted = ((this.#position + bits) >>> 3) + 2 * BIT_PADDING_BYTES + 1;
    if (wanted <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(wanted, 2 * this.#bytes.length));
    grown.set(this.#bytes);
    this.#bytes = grown;
  }

  /** Writes the low `width` bits of `word`, whose other bits are 0; room was reserved. */
  write(word: number, width: number): void {
    const bytes = this.#bytes;
    const at = this.#position >>> 3;
    const shift = this.#position & 7;
    const shifted = word << shift;
    bytes[at] = bytes[at]! | shifted;
    bytes[at + 1] = shifted >>> 8;
    bytes[at + 2] = shifted >>> 16;
    bytes[at + 3] = shifted >>> 24;
    bytes[at + 4] = shift === 0 ? 0 : word >>> (32 - shift);
    this.#position += width;
  }

  /** Writes a whole number below 2^width, width being at most 53. */
  writeWide(value: number, width: number): void {
    if (width <= 32) {
      this.write(value >>> 0, width);
      return;
    }
    this.write(value >>> 0, 32);
    this.write(Math.floor(value / 2 ** 32), width - 32);
  }

  /** What was written and the padding; a view that the next write or reset makes invalid. */
  written(): Uint8Array {
    return this.#bytes.subarray(0, ((this.#position + 7) >>> 3) + BIT_PADDING_BYTES);
  }
}

/** The number of `width` bits, 0 to 32, at bit `position`; four bytes follow the stream. */
export function readBits(bytes: Uint8Array, position: number, width: number): number {
  if (width === 0) return 0;
  const at = position >>> 3;
  const shift = position & 7;
  let word =
    (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>>
    shift;
  if (shift + width > 32) word |= bytes[at + 4]! << (32 - shift);
  return width === 32 ? word >>> 0 : word & ((1 << width) - 1);
}

/** Bits that a whole number up to 2^53 needs; 0 for 0. */
export function widthOf(value: number): number {
  const high = Math.floor(value / 2 ** 32);
  return high > 0 ? 64 - Math.clz32(high) : 32 - Math.clz32(value);
}
