import type { BitReader } from '../bytes/bit-reader.ts';
import type { BitWriter } from '../bytes/bit-writer.ts';

// Prefix of k ones and a zero (eight ones have no zero), then that many bits:
//
//   ones   0  1  2  3   4   5   6   7   8
//   bits   0  3  6  9  12  18  25  56  64
//
// A signed number of n bits is from -(2^(n-1) - 1) to 2^(n-1), one more than two's complement has
// upwards and one less downwards.
const WIDTHS = Uint8Array.of(0, 3, 6, 9, 12, 18, 25, 56, 64);
const CLASS_MAX = 8;
const WIDE_CLASS = 7;

const TWO_POWER_32 = 2 ** 32;
const TWO_POWER_24 = 2 ** 24;
const TWO_POWER_23 = 2 ** 23;
const TWO_POWER_55 = 2 ** 55;

/** Writes a whole number within ±2^53 (`varbit_int` of chunks.md). */
export function writeVarbitInt(writer: BitWriter, value: number): void {
  if (value === 0) {
    writer.bits(0, 1);
    return;
  }
  let size = 1;
  while (size < CLASS_MAX && !fitsSigned(value, WIDTHS[size]!)) size++;
  writeClass(writer, size, value);
}

/** Writes a whole number from 0 to 2^53 (`varbit_uint`). */
export function writeVarbitUint(writer: BitWriter, value: number): void {
  let size = 0;
  while (size < CLASS_MAX && value >= 2 ** WIDTHS[size]!) size++;
  writeClass(writer, size, value);
}

/** Reads what `writeVarbitInt` writes; beyond ±2^53 rounded. */
export function readVarbitInt(reader: BitReader): number {
  const size = reader.ones(CLASS_MAX);
  if (size === 0) return 0;
  if (size === CLASS_MAX) return reader.int64();
  if (size === WIDE_CLASS) {
    const high = reader.bits(24);
    const low = reader.bits(32);
    // The sign goes into the upper part, so that the sum is exact.
    const negative = high > TWO_POWER_23 || (high === TWO_POWER_23 && low > 0);
    return (negative ? high - TWO_POWER_24 : high) * TWO_POWER_32 + low;
  }
  const width = WIDTHS[size]!;
  const bits = reader.bits(width);
  return bits > 1 << (width - 1) ? bits - (1 << width) : bits;
}

/** Reads what `writeVarbitUint` writes; beyond 2^53 rounded. */
export function readVarbitUint(reader: BitReader): number {
  const size = reader.ones(CLASS_MAX);
  if (size === 0) return 0;
  if (size >= WIDE_CLASS) {
    const high = reader.bits(size === CLASS_MAX ? 32 : 24);
    return high * TWO_POWER_32 + reader.bits(32);
  }
  return reader.bits(WIDTHS[size]!);
}

/** Whether a signed number fits into that many bits, the range being lopsided as said above. */
export function fitsSigned(value: number, width: number): boolean {
  const half = width === 56 ? TWO_POWER_55 : 2 ** (width - 1);
  return value > -half && value <= half;
}

function writeClass(writer: BitWriter, size: number, value: number): void {
  // As many ones, and a zero unless they are eight.
  if (size === CLASS_MAX) writer.bits(0xff, 8);
  else writer.bits((1 << (size + 1)) - 2, size + 1);
  const width = WIDTHS[size]!;
  if (width > 32) writer.bits(Math.floor(value / TWO_POWER_32), width - 32);
  writer.bits(value, Math.min(width, 32));
}
