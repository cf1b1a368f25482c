import type { BitReader } from '../bytes/bit-reader.ts';
import type { BitWriter } from '../bytes/bit-writer.ts';

/** Leading zeros have five bits in the chunk. */
const LEADING_MAX = 31;
/** No window yet: a first change always writes one. */
const NO_WINDOW = 0xff;

/**
 * The running state of one XOR-encoded float (`varbit_xor` of chunks.md): its bits as two words
 * and the window of bits that changed last time.
 *
 *   0                                        the same bits as before
 *   1 0 <bits of the window>                 changes within the window
 *   1 1 <leading:5> <width:6> <width bits>   changes in a new window; a width of 64 is written 0
 */
export class XorWindow {
  low: number;
  high: number;
  #leading: number;
  #trailing: number;

  private constructor(leading: number) {
    this.low = 0;
    this.high = 0;
    this.#leading = leading;
    this.#trailing = 0;
  }

  static forWriting(): XorWindow {
    return new XorWindow(NO_WINDOW);
  }

  /** Before any window the whole value is one. */
  static forReading(): XorWindow {
    return new XorWindow(0);
  }

  /** Writes the change to the value with these words, which becomes the current one. */
  write(writer: BitWriter, low: number, high: number): void {
    const deltaLow = this.low ^ low;
    const deltaHigh = this.high ^ high;
    this.low = low;
    this.high = high;
    if (deltaLow === 0 && deltaHigh === 0) {
      writer.bits(0, 1);
      return;
    }
    const zeros = deltaHigh === 0 ? 32 + Math.clz32(deltaLow) : Math.clz32(deltaHigh);
    const leading = Math.min(zeros, LEADING_MAX);
    const trailing = deltaLow === 0 ? 32 + trailingZeros(deltaHigh) : trailingZeros(deltaLow);
    if (leading >= this.#leading && trailing >= this.#trailing) {
      writer.bits(0b10, 2);
    } else {
      this.#leading = leading;
      this.#trailing = trailing;
      writer.bits(0b11, 2);
      writer.bits(leading, 5);
      writer.bits((64 - leading - trailing) & 63, 6);
    }
    this.#writeShifted(writer, deltaLow, deltaHigh);
  }

  /** Reads the next value into the words. */
  read(reader: BitReader): void {
    if (reader.bit() === 0) return;
    if (reader.bit() === 1) {
      const leading = reader.bits(5);
      const width = reader.bits(6);
      const trailing = 64 - leading - (width === 0 ? 64 : width);
      if (trailing < 0)
        throw reader.error(`${width} bits after ${leading} zeros, wanted 64 in all`);
      this.#leading = leading;
      this.#trailing = trailing;
    }
    const trailing = this.#trailing;
    const width = 64 - this.#leading - trailing;
    const high = width > 32 ? reader.bits(width - 32) : 0;
    const low = reader.bits(Math.min(width, 32));
    if (trailing === 0) {
      this.low ^= low;
      this.high ^= high;
    } else if (trailing < 32) {
      this.low ^= low << trailing;
      this.high ^= (high << trailing) | (low >>> (32 - trailing));
    } else {
      this.high ^= low << (trailing - 32);
    }
  }

  #writeShifted(writer: BitWriter, deltaLow: number, deltaHigh: number): void {
    const trailing = this.#trailing;
    const width = 64 - this.#leading - trailing;
    if (trailing === 0) {
      if (width > 32) writer.bits(deltaHigh, width - 32);
      writer.bits(deltaLow, Math.min(width, 32));
    } else if (trailing < 32) {
      if (width > 32) writer.bits(deltaHigh >>> trailing, width - 32);
      const low = (deltaLow >>> trailing) | (deltaHigh << (32 - trailing));
      writer.bits(low, Math.min(width, 32));
    } else {
      writer.bits(deltaHigh >>> (trailing - 32), width);
    }
  }
}

function trailingZeros(word: number): number {
  return 31 - Math.clz32(word & -word);
}
