// The nearest double of w * 10^q for w of 64 bits: D. Lemire, "Number Parsing at a Gigabyte per
// Second" (2021), section 5. The product of w and a 128-bit power of five settles the 53 bits but
// for rare cases, which are told apart and left to others.

import { H_POWERS, KIND_SCRATCH } from './layout.ts';
import { allocate } from './slab.ts';

/** The exponents of ten that the table has; what is beyond is rare enough for others. */
const POWER_LEAST: i32 = -64;
const POWER_GREATEST: i32 = 44;

const POWERS: usize = <usize>(POWER_GREATEST - POWER_LEAST + 1);
/** High and low word of each power of five, shifted so that the highest bit is set. */
const POWER_BYTES: usize = 16;

const MANTISSA_BITS: u64 = 52;
const HIDDEN_BIT: u64 = 1 << 52;
const EXPONENT_BIAS: i32 = 1023;
const EXPONENT_MAX: i32 = 0x7ff;
/** Bits of the product below those that decide: all ones when its error could reach them. */
const UNDECIDED: u64 = 0x1ff;

/** Room for the table, which TypeScript fills; false when the slab is full. */
export function setUpPowers(): bool {
  const table = allocate(POWERS * POWER_BYTES, KIND_SCRATCH);
  store<u32>(H_POWERS, <u32>table);
  return table !== 0;
}

/** What `nearestDouble` found. */
export let nearestBits: u64 = 0;

/** Rounds `w * 10^q` to `nearestBits`. False: not to be decided here. */
export function nearestDouble(w: u64, q: i32): bool {
  nearestBits = 0;
  if (w === 0) return true;
  if (q < POWER_LEAST || q > POWER_GREATEST) return false;
  const power = <usize>load<u32>(H_POWERS) + <usize>(q - POWER_LEAST) * POWER_BYTES;
  const zeros = <i32>clz(w);
  const normal = w << (<u64>zeros);
  multiply(normal, load<u64>(power));
  let high = productHigh;
  let low = productLow;
  if ((high & UNDECIDED) === UNDECIDED) {
    multiply(normal, load<u64>(power, 8));
    low += productHigh;
    if (low < productHigh) high++;
    if (low === u64.MAX_VALUE) return false;
  }
  const upper = high >> 63;
  const shift = upper + 64 - MANTISSA_BITS - 3;
  let mantissa = high >> shift;
  // log2(10) as 217706 / 65536 is exact enough for every exponent of a double.
  let exponent = ((217706 * q) >> 16) + 63 + <i32>upper - zeros + EXPONENT_BIAS;
  if (exponent <= 0) return false;
  // Half way between two doubles only where the power of five fits the product: then to even.
  if (low <= 1 && q >= -4 && q <= 23 && (mantissa & 3) === 1 && mantissa << shift === high) {
    mantissa &= ~(<u64>1);
  }
  mantissa = (mantissa + (mantissa & 1)) >> 1;
  if (mantissa >= HIDDEN_BIT << 1) {
    mantissa = HIDDEN_BIT;
    exponent++;
  }
  if (exponent >= EXPONENT_MAX) return false;
  nearestBits = (mantissa & ~HIDDEN_BIT) | ((<u64>exponent) << MANTISSA_BITS);
  return true;
}

let productHigh: u64 = 0;
let productLow: u64 = 0;

/** The 128 bits of a product, from four of 64. */
function multiply(a: u64, b: u64): void {
  const aLow = a & 0xffffffff;
  const aHigh = a >> 32;
  const bLow = b & 0xffffffff;
  const bHigh = b >> 32;
  const low = aLow * bLow;
  const first = aHigh * bLow + (low >> 32);
  const second = aLow * bHigh + (first & 0xffffffff);
  productHigh = aHigh * bHigh + (first >> 32) + (second >> 32);
  productLow = (second << 32) | (low & 0xffffffff);
}
