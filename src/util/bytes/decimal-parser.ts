import { latin1Text } from './byte-text.ts';

const PLUS = 0x2b;
const MINUS = 0x2d;
const DOT = 0x2e;
const DIGIT_ZERO = 0x30;
const LETTER_E = 0x65;
const LOWER_CASE = 0x20;

/** Integers below this are exact in a double, and so is every step on the way to them. */
const EXACT_LIMIT = 2 ** 53;

/** Powers of ten that a double holds exactly; one rounding then gives the nearest double. */
const EXACT_POWERS = Float64Array.from({ length: 23 }, (_, power) => Number(`1e${power}`));
const EXACT_POWER_MAX = 22;

/** As many digits always fit a signed 32-bit integer. */
const SMALL_DIGITS = 9;

/** Beyond this an exponent decides alone (0 or Infinity), and the sum must not overflow. */
const EXPONENT_LIMIT = 100_000;

const NOT_A_NUMBER = 'nan';
const INFINITY = 'inf';
const INFINITY_LONG = 'infinity';

/**
 * Reads floats from bytes without making a string: decimal digits with optional fraction and
 * exponent, `Inf` and `Infinity` with optional sign, `NaN` without one, in any case. No hexadecimal
 * form, no underscores. The result is the nearest double, as `Number()` gives it; what overflows is
 * infinite. One instance serves one reader at a time.
 */
export class DecimalParser {
  /** What the last successful `parse` read. */
  value = 0;

  /**
   * Reads a number at `start`. Returns the offset after it, or -1 where there is none; whether
   * what follows may follow is for the caller to judge.
   */
  parse(bytes: Uint8Array, start: number, end: number): number {
    let position = start;
    const sign = position < end ? bytes[position]! : 0;
    if (sign === MINUS || sign === PLUS) position++;
    const digitsStart = position;
    // Fast path: what fits 32 bits is read in integer arithmetic.
    const smallEnd = Math.min(end, position + SMALL_DIGITS);
    let small = 0;
    while (position < smallEnd) {
      const digit = bytes[position]! - DIGIT_ZERO;
      if (digit < 0 || digit > 9) break;
      small = (small * 10 + digit) | 0;
      position++;
    }
    let mantissa = small;
    while (position < end) {
      const digit = bytes[position]! - DIGIT_ZERO;
      if (digit < 0 || digit > 9) break;
      mantissa = mantissa * 10 + digit;
      position++;
    }
    let digits = position - digitsStart;
    let exponent = 0;
    if (position < end && bytes[position] === DOT) {
      const fractionStart = ++position;
      while (position < end) {
        const digit = bytes[position]! - DIGIT_ZERO;
        if (digit < 0 || digit > 9) break;
        mantissa = mantissa * 10 + digit;
        position++;
      }
      exponent = fractionStart - position;
      digits -= exponent;
    }
    if (digits === 0) return this.#parseWord(bytes, start, end);
    if (position < end && (bytes[position]! | LOWER_CASE) === LETTER_E) {
      const after = exponentEnd(bytes, position + 1, end);
      if (after < 0) return -1;
      exponent += readExponent(bytes, position + 1, after);
      position = after;
    }
    if (mantissa < EXACT_LIMIT && exponent >= -EXACT_POWER_MAX && exponent <= EXACT_POWER_MAX) {
      // Fast path: both factors are exact, so one operation rounds once.
      const scaled =
        exponent < 0 ? mantissa / EXACT_POWERS[-exponent]! : mantissa * EXACT_POWERS[exponent]!;
      this.value = sign === MINUS ? -scaled : scaled;
    } else {
      this.value = Number(latin1Text(bytes, start, position));
    }
    return position;
  }

  #parseWord(bytes: Uint8Array, start: number, end: number): number {
    const sign = start < end ? bytes[start]! : 0;
    const signed = sign === MINUS || sign === PLUS;
    const position = signed ? start + 1 : start;
    if (!signed && isWord(bytes, position, end, NOT_A_NUMBER)) {
      this.value = NaN;
      return position + NOT_A_NUMBER.length;
    }
    if (!isWord(bytes, position, end, INFINITY)) return -1;
    this.value = sign === MINUS ? -Infinity : Infinity;
    const long = isWord(bytes, position, end, INFINITY_LONG);
    return position + (long ? INFINITY_LONG.length : INFINITY.length);
  }
}

function exponentEnd(bytes: Uint8Array, start: number, end: number): number {
  let position = start;
  if (position < end && (bytes[position] === MINUS || bytes[position] === PLUS)) position++;
  const digitsStart = position;
  while (position < end && bytes[position]! >= DIGIT_ZERO && bytes[position]! <= DIGIT_ZERO + 9) {
    position++;
  }
  return position === digitsStart ? -1 : position;
}

function readExponent(bytes: Uint8Array, start: number, end: number): number {
  let exponent = 0;
  let position = start;
  if (bytes[position] === MINUS || bytes[position] === PLUS) position++;
  for (; position < end; position++) {
    if (exponent < EXPONENT_LIMIT) exponent = exponent * 10 + bytes[position]! - DIGIT_ZERO;
  }
  return bytes[start] === MINUS ? -exponent : exponent;
}

function isWord(bytes: Uint8Array, start: number, end: number, word: string): boolean {
  if (end - start < word.length) return false;
  for (let index = 0; index < word.length; index++) {
    if ((bytes[start + index]! | LOWER_CASE) !== word.charCodeAt(index)) return false;
  }
  return true;
}
