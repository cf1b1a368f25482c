import { HIGH_WORD, LOW_WORD } from '../../model/index.ts';
import { RecordFormatError } from './byte-reader.ts';
import type { ByteWriter } from './byte-writer.ts';
import type { SampleBytes } from './samples-bytes.ts';
import type { SampleState } from './samples-state.ts';
import { BLOCK_SAMPLES, ValueMode } from './samples-state.ts';

/**
 * A value is a code of four bits and up to nine bytes. While the series is written in whole numbers
 * of a power of ten, codes up to 7 are the bytes that the distance from the last one takes (as
 * zigzag), and the others are:
 */
const WholeCode = {
  /** Eight bytes: none of these numbers (NaN, -0, …); the next one is as if this had not been. */
  ODD: 8,
  /** Eight bytes; from here on the series is written as bits. */
  BITS: 9,
  /** Digits after the point (four bits), number of bytes (four bits), the whole number. */
  SCALE: 10,
} as const;

/**
 * While it is written as bits, a code says which bytes of the difference to the last value (XOR)
 * there are: 0 to 4 of the low word; above that all of the low word and 1 to 4 of the high word;
 * above that, where the low word is as it was, 1 to 4 of the high word.
 */
const BitsCode = { BOTH: 4, HIGH: 8, MOST: 12 } as const;

/** Whole numbers up to here: distances are exact, and their zigzag fits 53 bits. */
const WHOLE_MOST = 2 ** 51;
const DIGITS_MOST = 12;
/** Distances nearer to 0 have a zigzag of 32 bits. */
const NEAR = 0x40000000;
const WORD = 2 ** 32;
/** What one value takes at most besides its code. */
const VALUE_BYTES_MOST = 9;
/** Words are written whole and cut by what follows them. */
const SPARE_BYTES = 8;

/** What a whole number is divided by, by mode. Division by a power of ten is rounded rightly. */
const DIVISORS = new Float64Array(256).fill(1);
for (let digits = 0; digits <= DIGITS_MOST; digits++) {
  DIVISORS[ValueMode.WHOLE + digits] = 10 ** digits;
  DIVISORS[ValueMode.MISSED + ValueMode.WHOLE + digits] = 10 ** digits;
}

/** The columns of values in a batch. */
interface ValueColumns {
  readonly values: Float64Array;
  readonly words: Uint32Array;
  readonly length: number;
}

/** Writes values; `state.places` has the places of their series. */
export class ValueEncoder {
  #view = new DataView(new ArrayBuffer(0));
  #at = 0;

  encode(writer: ByteWriter, state: SampleState, columns: ValueColumns): void {
    const { length } = columns;
    const codesLength = (length + 1) >>> 1;
    writer.reserve(codesLength + VALUE_BYTES_MOST * length + SPARE_BYTES);
    const { buffer: bytes } = writer;
    if (this.#view.buffer !== bytes.buffer) this.#view = new DataView(bytes.buffer);
    const codes = writer.length;
    this.#at = codes + codesLength;
    for (let from = 0; from < length; from += BLOCK_SAMPLES) {
      this.#block(bytes, codes, state, columns, from);
    }
    writer.length = this.#at;
  }

  #block(
    bytes: Uint8Array,
    codes: number,
    state: SampleState,
    columns: ValueColumns,
    from: number,
  ): void {
    const { values, words } = columns;
    const { modes, last, places } = state;
    const view = this.#view;
    const to = Math.min(columns.length, from + BLOCK_SAMPLES);
    let at = this.#at;
    for (let index = from; index < to; index++) {
      const place = places[index]!;
      const mode = modes[place]!;
      const value = values[index]!;
      const divisor = DIVISORS[mode]!;
      const whole = Math.round(value * divisor);
      let code: number;
      if (
        mode !== ValueMode.BITS &&
        whole / divisor === value &&
        whole <= WHOLE_MOST &&
        whole >= -WHOLE_MOST &&
        // A zero must be the one without a sign.
        (whole !== 0 || words[2 * index + HIGH_WORD] === 0)
      ) {
        if (mode === ValueMode.UNKNOWN || mode > ValueMode.MISSED) know(state, place, mode);
        const distance = whole - last[place]!;
        last[place] = whole;
        if (distance < NEAR && distance > -NEAR) {
          const short = distance | 0;
          const coded = (short << 1) ^ (short >> 31);
          view.setUint32(at, coded, true);
          code = byteCount(coded);
          at += code;
        } else {
          this.#at = at;
          code = this.#number(distance >= 0 ? 2 * distance : -2 * distance - 1);
          at = this.#at;
        }
      } else {
        this.#at = at;
        code = this.#other(state, place, columns, index);
        at = this.#at;
      }
      const pair = codes + (index >>> 1);
      bytes[pair] = (index & 1) === 0 ? code : bytes[pair]! | (code << 4);
    }
    this.#at = at;
  }

  /** Writes a number below 2^53; how many bytes it takes. */
  #number(value: number): number {
    const low = value >>> 0;
    const high = (value - low) / WORD;
    if (high === 0) return this.#low(low);
    this.#word(low);
    return 4 + this.#low(high);
  }

  /** Writes 32 bits without the bytes that are 0 above; how many bytes. */
  #low(word: number): number {
    this.#view.setUint32(this.#at, word, true);
    const count = byteCount(word);
    this.#at += count;
    return count;
  }

  #word(word: number): void {
    this.#view.setUint32(this.#at, word, true);
    this.#at += 4;
  }

  #bits({ lastWords }: SampleState, place: number, low: number, high: number): number {
    const lowChange = low ^ lastWords[2 * place + LOW_WORD]!;
    const highChange = high ^ lastWords[2 * place + HIGH_WORD]!;
    lastWords[2 * place + LOW_WORD] = low;
    lastWords[2 * place + HIGH_WORD] = high;
    if (highChange === 0) return this.#low(lowChange);
    if (lowChange === 0) return BitsCode.HIGH + this.#low(highChange);
    this.#word(lowChange);
    return BitsCode.BOTH + this.#low(highChange);
  }

  /** Writes a value that is none of the whole numbers of its series; its code. */
  #other(state: SampleState, place: number, { values, words }: ValueColumns, index: number) {
    const value = values[index]!;
    const low = words[2 * index + LOW_WORD]!;
    const high = words[2 * index + HIGH_WORD]!;
    const mode = state.modes[place]!;
    if (mode === ValueMode.BITS) return this.#bits(state, place, low, high);
    let code: number = WholeCode.ODD;
    if (Number.isFinite(value) && value !== 0) {
      const digits = digitsOf(value, mode);
      if (digits !== undefined) return this.#scale(state, place, value, digits);
      if (mode === ValueMode.UNKNOWN || mode > ValueMode.MISSED) {
        if (mode === ValueMode.UNKNOWN) state.seriesCount++;
        state.modes[place] = ValueMode.BITS;
        state.lastWords[2 * place + LOW_WORD] = low;
        state.lastWords[2 * place + HIGH_WORD] = high;
        code = WholeCode.BITS;
      } else state.modes[place] = ValueMode.MISSED + mode;
    }
    this.#word(low);
    this.#word(high);
    return code;
  }

  #scale(state: SampleState, place: number, value: number, digits: number): number {
    if (state.modes[place] === ValueMode.UNKNOWN) state.seriesCount++;
    const mode = ValueMode.WHOLE + digits;
    const whole = Math.round(value * DIVISORS[mode]!);
    state.modes[place] = mode;
    state.last[place] = whole;
    const at = this.#at++;
    const count = this.#number(whole >= 0 ? 2 * whole : -2 * whole - 1);
    this.#view.setUint8(at, digits | (count << 4));
    return WholeCode.SCALE;
  }
}

/** Bytes of a word up to the highest that is not 0. */
function byteCount(word: number): number {
  return (39 - Math.clz32(word)) >>> 3;
}

function know(state: SampleState, place: number, mode: number): void {
  if (mode === ValueMode.UNKNOWN) {
    state.seriesCount++;
    state.modes[place] = ValueMode.WHOLE;
  } else state.modes[place] = mode - ValueMode.MISSED;
}

/** Digits after the point, more than the mode has, with which a value is exact. */
function digitsOf(value: number, mode: number): number | undefined {
  const known = mode > ValueMode.MISSED ? mode - ValueMode.MISSED : mode;
  for (let digits = Math.max(1, known); digits <= DIGITS_MOST; digits++) {
    const divisor = DIVISORS[ValueMode.WHOLE + digits]!;
    const whole = Math.round(value * divisor);
    if (whole > WHOLE_MOST || whole < -WHOLE_MOST) return undefined;
    if (whole / divisor === value) return digits;
  }
  return undefined;
}

/** Reads values; `state.places` has the places of their series. */
export class ValueDecoder {
  #bytes: Uint8Array = new Uint8Array(0);
  #at = 0;
  #low = 0;
  #high = 0;

  decode(source: SampleBytes, state: SampleState, columns: ValueColumns): void {
    const { length } = columns;
    const codes = source.take((length + 1) >>> 1);
    this.#bytes = source.bytes;
    this.#at = source.at;
    for (let from = 0; from < length; from += BLOCK_SAMPLES) {
      this.#block(codes, state, columns, from);
    }
    // Beyond the end there were zeros to read; nothing of it has been used.
    source.take(this.#at - source.at);
  }

  #block(codes: number, state: SampleState, columns: ValueColumns, from: number): void {
    const { values, words } = columns;
    const { modes, last, lastWords, places } = state;
    const bytes = this.#bytes;
    const to = Math.min(columns.length, from + BLOCK_SAMPLES);
    for (let index = from; index < to; index++) {
      const code = (bytes[codes + (index >>> 1)]! >>> ((index & 1) << 2)) & 15;
      const place = places[index]!;
      const mode = modes[place]!;
      if (mode === ValueMode.BITS) {
        this.#bits(code);
        words[2 * index + LOW_WORD] = lastWords[2 * place + LOW_WORD]! ^= this.#low;
        words[2 * index + HIGH_WORD] = lastWords[2 * place + HIGH_WORD]! ^= this.#high;
      } else if (code < WholeCode.ODD) {
        if (mode === ValueMode.UNKNOWN) modes[place] = ValueMode.WHOLE;
        const whole = last[place]! + this.#distance(code);
        last[place] = whole;
        values[index] = whole / DIVISORS[mode]!;
      } else if (code === WholeCode.SCALE) values[index] = this.#scale(state, place);
      else this.#odd(state, place, words, index, code);
    }
  }

  #distance(count: number): number {
    if (count === 0) return 0;
    if (count > 4) return this.#number(count);
    const coded = this.#word(count);
    return (coded >>> 1) ^ -(coded & 1);
  }

  #number(count: number): number {
    let value = this.#word(Math.min(4, count)) >>> 0;
    if (count > 4) value += (this.#word(count - 4) >>> 0) * WORD;
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  #word(count: number): number {
    const bytes = this.#bytes;
    const at = this.#at;
    this.#at = at + count;
    let word = bytes[at]!;
    if (count > 1) word |= bytes[at + 1]! << 8;
    if (count > 2) word |= bytes[at + 2]! << 16;
    if (count > 3) word |= bytes[at + 3]! << 24;
    return word;
  }

  #bits(code: number): void {
    if (code > BitsCode.MOST) throw new RecordFormatError(`${code} is no code of bits`);
    this.#low = 0;
    this.#high = 0;
    if (code === 0) return;
    if (code > BitsCode.HIGH) this.#high = this.#word(code - BitsCode.HIGH);
    else {
      this.#low = this.#word(Math.min(4, code));
      if (code > BitsCode.BOTH) this.#high = this.#word(code - BitsCode.BOTH);
    }
  }

  #scale(state: SampleState, place: number): number {
    const head = this.#word(1);
    const digits = head & 15;
    const count = head >>> 4;
    if (digits > DIGITS_MOST || count > 7) {
      throw new RecordFormatError(`${head} is no scale of a value`);
    }
    const whole = count === 0 ? 0 : this.#number(count);
    state.modes[place] = ValueMode.WHOLE + digits;
    state.last[place] = whole;
    return whole / DIVISORS[ValueMode.WHOLE + digits]!;
  }

  #odd(state: SampleState, place: number, words: Uint32Array, index: number, code: number): void {
    const low = this.#word(4);
    const high = this.#word(4);
    words[2 * index + LOW_WORD] = low;
    words[2 * index + HIGH_WORD] = high;
    if (code === WholeCode.ODD) return;
    if (code !== WholeCode.BITS) throw new RecordFormatError(`${code} is no code of a value`);
    state.modes[place] = ValueMode.BITS;
    state.lastWords[2 * place + LOW_WORD] = low;
    state.lastWords[2 * place + HIGH_WORD] = high;
  }
}
