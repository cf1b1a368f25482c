// Keyed fingerprints of 128 bits: NH (the inner hash of UMAC, RFC 4418, section 5.2.1) in two lanes
// with shifted keys. For any two different texts prepared without knowing the key, both lanes
// agree with a probability of 2^-64. Texts over 1 KiB are taken in segments.

import { H_KEY, H_KEY_MIX, H_MASK, KEY_SEGMENT_BYTES } from './layout.ts';

/** The fingerprint that `fingerprint` made; `low` is never 0. */
export let fingerprintLow: u64 = 0;
export let fingerprintHigh: u64 = 0;

const MIX: u64 = 0x9e3779b97f4a7c15;
const AVALANCHE_1: u64 = 0xbf58476d1ce4e5b9;
const AVALANCHE_2: u64 = 0x94d049bb133111eb;

/**
 * Fingerprints `length` bytes at `start`, within `context`. Reads up to 31 bytes beyond them and
 * ignores what is there.
 */
export function fingerprint(start: usize, length: u32, context: u64): void {
  let low: u64 = load<u64>(H_KEY_MIX);
  let high: u64 = load<u64>(H_KEY_MIX, 8);
  let position = start;
  let rest = length;
  do {
    const bytes = min(rest, KEY_SEGMENT_BYTES);
    let key = H_KEY;
    let first = i64x2.splat(0);
    let second = i64x2.splat(0);
    let k0 = v128.load(key);
    const blocksEnd = position + (bytes & ~31);
    while (position < blocksEnd) {
      const d0 = v128.load(position);
      const d1 = v128.load(position, 16);
      const k1 = v128.load(key, 16);
      const k2 = v128.load(key, 32);
      const a0 = i32x4.add(d0, k0);
      const a1 = i32x4.add(d1, k1);
      first = i64x2.add(first, i64x2.extmul_low_i32x4_u(a0, a1));
      first = i64x2.add(first, i64x2.extmul_high_i32x4_u(a0, a1));
      const b0 = i32x4.add(d0, k1);
      const b1 = i32x4.add(d1, k2);
      second = i64x2.add(second, i64x2.extmul_low_i32x4_u(b0, b1));
      second = i64x2.add(second, i64x2.extmul_high_i32x4_u(b0, b1));
      k0 = k2;
      key += 32;
      position += 32;
    }
    const part = bytes & 31;
    if (part !== 0) {
      const firstPart = min(part, 16);
      const m0 = v128.load(H_MASK + 16 - firstPart);
      const m1 = v128.load(H_MASK + 16 - (part - firstPart));
      const d0 = v128.and(v128.load(position), m0);
      const d1 = v128.and(v128.load(position, 16), m1);
      const k1 = v128.load(key, 16);
      const k2 = v128.load(key, 32);
      const a0 = i32x4.add(d0, k0);
      const a1 = i32x4.add(d1, k1);
      first = i64x2.add(first, i64x2.extmul_low_i32x4_u(a0, a1));
      first = i64x2.add(first, i64x2.extmul_high_i32x4_u(a0, a1));
      const b0 = i32x4.add(d0, k1);
      const b1 = i32x4.add(d1, k2);
      second = i64x2.add(second, i64x2.extmul_low_i32x4_u(b0, b1));
      second = i64x2.add(second, i64x2.extmul_high_i32x4_u(b0, b1));
      position += part;
    }
    low = fold(low, i64x2.extract_lane(first, 0) + i64x2.extract_lane(first, 1));
    high = fold(high, i64x2.extract_lane(second, 0) + i64x2.extract_lane(second, 1));
    rest -= bytes;
  } while (rest !== 0);
  // Zeros at the end leave no trace in the sums: the length does.
  low = avalanche(low ^ (<u64>length * MIX) ^ (context * load<u64>(H_KEY_MIX, 16)));
  high = avalanche(high ^ (<u64>length * AVALANCHE_1) ^ (context * load<u64>(H_KEY_MIX, 24)));
  fingerprintLow = low === 0 ? 1 : low;
  fingerprintHigh = high;
}

/** One more segment; for a fixed sum or a fixed `hash` it loses nothing. */
function fold(hash: u64, sum: u64): u64 {
  return rotl<u64>((hash ^ sum) * MIX, 29);
}

/** Every bit to every bit, so that any of them may choose a slot (SplitMix64). */
function avalanche(hash: u64): u64 {
  let mixed = (hash ^ (hash >> 30)) * AVALANCHE_1;
  mixed = (mixed ^ (mixed >> 27)) * AVALANCHE_2;
  return mixed ^ (mixed >> 31);
}

/** Makes a fingerprint that was made before the last one again. */
export function setFingerprint(low: u64, high: u64): void {
  fingerprintLow = low;
  fingerprintHigh = high;
}
