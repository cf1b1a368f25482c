import { wordAt } from '../../util/index.ts';
import { TideFormatError } from './errors.ts';

const TWO_POWER_32 = 2 ** 32;

/** Puts a number of 32 bits, or the low 32 bits of a negative one, at `offset`, little endian. */
export function writeU32(bytes: Uint8Array, offset: number, value: number): void {
  bytes[offset] = value;
  bytes[offset + 1] = value >>> 8;
  bytes[offset + 2] = value >>> 16;
  bytes[offset + 3] = value >>> 24;
}

/** Eight bytes, little endian, as a number; refused where a number cannot hold it exactly. */
export function readU64(bytes: Uint8Array, offset: number, name: string): number {
  const value = wordAt(bytes, offset + 4) * TWO_POWER_32 + wordAt(bytes, offset);
  if (value > Number.MAX_SAFE_INTEGER) {
    throw new TideFormatError('tide_header', `${name} ${value}, wanted below 2^53`);
  }
  return value;
}

/** Puts a whole number from 0 to 2^53 - 1 at `offset`, eight bytes little endian. */
export function writeU64(bytes: Uint8Array, offset: number, value: number): void {
  writeU32(bytes, offset, value >>> 0);
  writeU32(bytes, offset + 4, Math.floor(value / TWO_POWER_32));
}

/** Of times and other signed numbers, either way: their zigzag form is a whole number exactly. */
export const SIGNED_MAX = 2 ** 52 - 1;

/** 0, -1, 1, -2, … as 0, 1, 2, 3, …: exact up to 2^52 either way. */
export function zigzag(value: number): number {
  return value < 0 ? -2 * value - 1 : 2 * value;
}

/** What `zigzag` made of a number, back. */
export function unzigzag(value: number): number {
  return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
}
