// Decimal numbers in text, as src/util/bytes/decimal-parser.ts reads them: digits with optional
// fraction and exponent, `Inf` and `Infinity` with optional sign, `NaN` without, in any case.

import { nearestBits, nearestDouble } from './nearest-double.ts';
import { EXACT_LIMIT, EXACT_POWER_MAX, powerOfTen } from './decimals.ts';

/** What `parseNumber` read. */
export let parsed: f64 = 0;
/** Whether `parsed` is the nearest double; if not, the text is to be read some other way. */
export let isExact: bool = false;

const PLUS: u32 = 0x2b;
const MINUS: u32 = 0x2d;
const DOT: u32 = 0x2e;
const ZERO: u32 = 0x30;
const LETTER_E: u32 = 0x65;
const LOWER_CASE: u32 = 0x20;
/** So many digits always fit 64 bits. */
const DIGITS_MAX: usize = 19;
/** Beyond this an exponent decides alone, and the sum must not overflow. */
const EXPONENT_LIMIT: i32 = 100000;

/** `inf`, `nan`, `inity`: three bytes, little endian; and five. */
const WORD_INF: u32 = 0x666e69;
const WORD_NAN: u32 = 0x6e616e;
const WORD_INIT: u32 = 0x74696e69;
const LETTER_Y: u32 = 0x79;

/** Reads a number at `start`; the address after it, 0 where there is none. */
export function parseNumber(start: usize, end: usize): usize {
  let position = start;
  const sign: u32 = position < end ? load<u8>(position) : 0;
  if (sign === MINUS || sign === PLUS) position++;
  let mantissa: u64 = 0;
  const digitsStart = position;
  while (position < end) {
    const digit = <u32>load<u8>(position) - ZERO;
    if (digit > 9) break;
    mantissa = mantissa * 10 + digit;
    position++;
  }
  let digits = position - digitsStart;
  let exponent: i32 = 0;
  if (position < end && load<u8>(position) === DOT) {
    const fractionStart = ++position;
    while (position < end) {
      const digit = <u32>load<u8>(position) - ZERO;
      if (digit > 9) break;
      mantissa = mantissa * 10 + digit;
      position++;
    }
    exponent = <i32>(fractionStart - position);
    digits += position - fractionStart;
  }
  if (digits === 0) return parseWord(start, end);
  if (position < end && (<u32>load<u8>(position) | LOWER_CASE) === LETTER_E) {
    position = parseExponent(position + 1, end);
    if (position === 0) return 0;
    exponent += parsedExponent;
  }
  // Zeros before the first other digit do not count, wherever the point is.
  const leadingZeros: usize = digits <= DIGITS_MAX ? 0 : countZeros(digitsStart, position);
  const isShort = digits - leadingZeros <= DIGITS_MAX && mantissa <= <u64>EXACT_LIMIT;
  if (isShort && exponent >= -(<i32>EXACT_POWER_MAX) && exponent <= <i32>EXACT_POWER_MAX) {
    // Both factors are exact, so one operation rounds once.
    const magnitude =
      exponent < 0 ? <f64>mantissa / powerOfTen(-exponent) : <f64>mantissa * powerOfTen(exponent);
    parsed = sign === MINUS ? -magnitude : magnitude;
    isExact = true;
  } else {
    isExact = digits - leadingZeros <= DIGITS_MAX && nearestDouble(mantissa, exponent);
    parsed = isExact ? reinterpret<f64>(nearestBits) : 0;
    if (sign === MINUS) parsed = -parsed;
  }
  return position;
}

/** Zeros at the beginning of a number's digits. */
function countZeros(start: usize, end: usize): usize {
  let zeros: usize = 0;
  for (let position = start; position < end; position++) {
    const byte = <u32>load<u8>(position);
    if (byte === ZERO) zeros++;
    else if (byte !== DOT) break;
  }
  return zeros;
}

let parsedExponent: i32 = 0;

function parseExponent(start: usize, end: usize): usize {
  let position = start;
  const sign: u32 = position < end ? load<u8>(position) : 0;
  if (sign === MINUS || sign === PLUS) position++;
  const digitsStart = position;
  let exponent: i32 = 0;
  while (position < end) {
    const digit = <u32>load<u8>(position) - ZERO;
    if (digit > 9) break;
    if (exponent < EXPONENT_LIMIT) exponent = exponent * 10 + <i32>digit;
    position++;
  }
  parsedExponent = sign === MINUS ? -exponent : exponent;
  return position === digitsStart ? 0 : position;
}

function parseWord(start: usize, end: usize): usize {
  const sign: u32 = start < end ? load<u8>(start) : 0;
  const isSigned = sign === MINUS || sign === PLUS;
  const position = isSigned ? start + 1 : start;
  if (end - position < 3 || position > end) return 0;
  const word = (load<u32>(position) & 0xffffff) | 0x202020;
  isExact = true;
  if (!isSigned && word === WORD_NAN) {
    parsed = NaN;
    return position + 3;
  }
  if (word !== WORD_INF) return 0;
  parsed = sign === MINUS ? -Infinity : Infinity;
  const isLong =
    end - position >= 8 &&
    (load<u32>(position, 3) | 0x20202020) === WORD_INIT &&
    (<u32>load<u8>(position, 7) | LOWER_CASE) === LETTER_Y;
  return isLong ? position + 8 : position + 3;
}
