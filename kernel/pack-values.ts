// Values of a chunk, bit for bit.
//
//   u8 flags        bits 0-2 mode, bit 3 decimal, bit 4 exceptions
//   u8 exponent     if decimal
//   exceptions      if any: varint count, then of each varint distance to the one before, u64 bits
//   first           modes but FRAME: zigzag varint if decimal, else u64
//   zigzag varint   DELTA_DELTA: the first difference
//   zigzag varint   FRAME, DELTA, DELTA_DELTA: the smallest packed number
//   u8 width, u8 shift   modes but CONSTANT
//   packed          (number - smallest) >> shift, `width` bits each
//
// Decimal values are integers over 10^exponent; others are taken as 64-bit integers (their bits).
// Differences wrap around.

import { pack, packedBytes, putVarint, widthOf, zigzag } from './bits.ts';
import { decimal, EXPONENT_MAX, isDecimal, largerExponent } from './decimals.ts';
import { differencesScratch, integersScratch } from './scratch.ts';

export const MODE_CONSTANT: u32 = 0;
export const MODE_FRAME: u32 = 1;
export const MODE_DELTA: u32 = 2;
export const MODE_DELTA_DELTA: u32 = 3;
export const MODE_XOR: u32 = 4;
export const MODE_MASK: u32 = 7;
export const FLAG_DECIMAL: u32 = 8;
export const FLAG_EXCEPTIONS: u32 = 16;

/** No decimal exponent fits enough of the values. */
const NOT_DECIMAL: u32 = 255;
/** Values that a series known for its full precision is asked by before decimals are given up. */
const HINTED_TRIALS: u32 = 2;

/** What the last `packValues` found, to be given to the next of the same series. */
export let packHint: u32 = 0;

// Exceptions among the values that are packed: bit per value.
let exceptionCount: u32 = 0;

/**
 * Packs `count` values (1 to CHUNK_SAMPLES_MAX) at `target`, which must have room for the longest
 * outcome (`packedScratch`); the number of bytes. `hint` is what an earlier packing left.
 */
export function packValues(source: usize, count: u32, target: usize, hint: u32): u32 {
  const integers = integersScratch();
  const exponent = toIntegers(source, count, integers, hint === NOT_DECIMAL);
  packHint = exponent;
  const isRaw = exponent === NOT_DECIMAL;
  if (isRaw) memory.copy(integers, source, (<usize>count) << 3);
  let output = target + 1;
  let flags: u32 = 0;
  if (!isRaw) {
    flags = FLAG_DECIMAL;
    store<u8>(output++, exponent);
    if (exceptionCount !== 0) {
      flags |= FLAG_EXCEPTIONS;
      output = putExceptions(source, count, exponent, integers, output);
    }
  }
  return putNumbers(integers, count, isRaw, flags, target, output);
}

/**
 * Writes the values as integers over one power of ten, whose exponent it returns; `NOT_DECIMAL`
 * when more than a quarter of them would be exceptions. Exceptions leave no integer.
 */
function toIntegers(source: usize, count: u32, integers: usize, unlikely: bool): u32 {
  const limit = unlikely ? min(count >> 2, HINTED_TRIALS) : count >> 2;
  let exponent: u32 = 0;
  let failed: u32 = 0;
  for (let index: u32 = 0; index < count; index++) {
    const bits = load<u64>(source + ((<usize>index) << 3));
    if (isDecimal(bits, exponent)) {
      store<i64>(integers + ((<usize>index) << 3), decimal);
      continue;
    }
    const larger = largerExponent(bits, exponent);
    if (larger <= EXPONENT_MAX) {
      exponent = larger;
      failed = 0;
      // Everything before is scaled anew, and tested: not every value stays exact.
      for (let before: u32 = 0; before <= index; before++) {
        if (!isDecimal(load<u64>(source + ((<usize>before) << 3)), exponent)) failed++;
        else store<i64>(integers + ((<usize>before) << 3), decimal);
      }
    } else {
      failed++;
    }
    if (failed > limit) return NOT_DECIMAL;
  }
  exceptionCount = failed;
  return exponent;
}

/** Lists the values that are no decimals, and gives them integers that continue the series. */
function putExceptions(
  source: usize,
  count: u32,
  exponent: u32,
  integers: usize,
  target: usize,
): usize {
  let output = putVarint(target, exceptionCount);
  let previous: u32 = 0;
  let firstGood = count;
  for (let index: u32 = 0; index < count; index++) {
    const offset = (<usize>index) << 3;
    const bits = load<u64>(source + offset);
    if (isDecimal(bits, exponent)) {
      if (firstGood === count) firstGood = index;
      continue;
    }
    output = putVarint(output, index - previous);
    store<u64>(output, bits);
    output += 8;
    previous = index;
    const before = integers + offset - 8;
    if (index > firstGood + 1) store<i64>(before, load<i64>(before) * 2 - load<i64>(before - 8), 8);
    else if (index > firstGood) store<i64>(before, load<i64>(before), 8);
  }
  const filler = firstGood < count ? load<i64>(integers + ((<usize>firstGood) << 3)) : 0;
  for (let index: u32 = 0; index < firstGood; index++) {
    store<i64>(integers + ((<usize>index) << 3), filler);
  }
  return output;
}

// What `measure` found out about the integers: at each level of differences the extremes, and which
// bits differ from the first one.
let first: i64 = 0;
let firstDelta: i64 = 0;
let low: i64 = 0;
let deltaLow: i64 = 0;
let doubleLow: i64 = 0;
let range: u64 = 0;
let deltaRange: u64 = 0;
let doubleRange: u64 = 0;
let differing: u64 = 0;
let deltaDiffering: u64 = 0;
let doubleDiffering: u64 = 0;
/** Bits in which any two neighbours differ. */
let crossed: u64 = 0;

/** One pass over the integers, for `putNumbers`. */
function measure(integers: usize, count: u32): void {
  const start = load<i64>(integers);
  const startDelta = count > 1 ? load<i64>(integers, 8) - start : 0;
  const startDouble = count > 2 ? load<i64>(integers, 16) - load<i64>(integers, 8) - startDelta : 0;
  let least = start;
  let greatest = start;
  let bits: u64 = 0;
  let leastDelta = startDelta;
  let greatestDelta = startDelta;
  let deltaBits: u64 = 0;
  let leastDouble = startDouble;
  let greatestDouble = startDouble;
  let doubleBits: u64 = 0;
  let crossedBits: u64 = 0;
  let previous = start;
  // With it the first difference of differences, which there is none of, is as the second one.
  let previousDelta = startDelta - startDouble;
  for (let index: u32 = 1; index < count; index++) {
    const value = load<i64>(integers + ((<usize>index) << 3));
    const delta = value - previous;
    const double = delta - previousDelta;
    least = min(least, value);
    greatest = max(greatest, value);
    bits |= <u64>(value - start);
    leastDelta = min(leastDelta, delta);
    greatestDelta = max(greatestDelta, delta);
    deltaBits |= <u64>(delta - startDelta);
    leastDouble = min(leastDouble, double);
    greatestDouble = max(greatestDouble, double);
    doubleBits |= <u64>(double - startDouble);
    crossedBits |= <u64>(value ^ previous);
    previous = value;
    previousDelta = delta;
  }
  first = start;
  firstDelta = startDelta;
  low = least;
  deltaLow = leastDelta;
  doubleLow = leastDouble;
  range = <u64>(greatest - least);
  deltaRange = <u64>(greatestDelta - leastDelta);
  doubleRange = <u64>(greatestDouble - leastDouble);
  differing = bits;
  deltaDiffering = deltaBits;
  doubleDiffering = doubleBits;
  crossed = crossedBits;
}

/** Zero bits at the end that all numbers have, once the least of them is taken off. */
function shiftOf(bits: u64): u32 {
  return bits === 0 ? 0 : <u32>ctz(bits);
}

/** The mode that takes the fewest bytes. */
function chooseMode(count: u32, isRaw: bool): u32 {
  if (differing === 0) return MODE_CONSTANT;
  const frameWidth = widthOf(range) - shiftOf(differing);
  const deltaWidth = widthOf(deltaRange) - shiftOf(deltaDiffering);
  const firstBytes: u32 = isRaw ? 8 : varintBytes(zigzag(first));
  let mode = MODE_FRAME;
  let best = varintBytes(zigzag(low)) + packedBytes(count, frameWidth);
  const delta = firstBytes + varintBytes(zigzag(deltaLow)) + packedBytes(count - 1, deltaWidth);
  if (delta < best) {
    best = delta;
    mode = MODE_DELTA;
  }
  if (count > 2) {
    const doubleWidth = widthOf(doubleRange) - shiftOf(doubleDiffering);
    const starts = varintBytes(zigzag(firstDelta)) + varintBytes(zigzag(doubleLow));
    const double = firstBytes + starts + packedBytes(count - 2, doubleWidth);
    if (double < best) {
      best = double;
      mode = MODE_DELTA_DELTA;
    }
  }
  if (isRaw) {
    const crossWidth = widthOf(crossed) - shiftOf(crossed);
    if (firstBytes + packedBytes(count - 1, crossWidth) < best) mode = MODE_XOR;
  }
  return mode;
}

/** Writes flags at `target` and the integers from `start` on; bytes from `target` on. */
function putNumbers(
  integers: usize,
  count: u32,
  isRaw: bool,
  flags: u32,
  target: usize,
  start: usize,
): u32 {
  measure(integers, count);
  const mode = chooseMode(count, isRaw);
  store<u8>(target, flags | mode);
  let output = start;
  if (mode === MODE_FRAME) {
    output = putVarint(output, zigzag(low));
    output = putPacked(output, integers, count, low, range, differing);
    return <u32>(output - target);
  }
  output = putFirst(output, isRaw);
  if (mode === MODE_CONSTANT) return <u32>(output - target);
  const differences = differencesScratch();
  if (mode === MODE_XOR) {
    putCrossed(integers, count, differences);
    output = putPacked(output, differences, count - 1, 0, crossed, crossed);
    return <u32>(output - target);
  }
  putDifferences(integers, count, differences);
  if (mode === MODE_DELTA) {
    output = putVarint(output, zigzag(deltaLow));
    output = putPacked(output, differences, count - 1, deltaLow, deltaRange, deltaDiffering);
    return <u32>(output - target);
  }
  putDifferences(differences, count - 1, differences);
  output = putVarint(output, zigzag(firstDelta));
  output = putVarint(output, zigzag(doubleLow));
  output = putPacked(output, differences, count - 2, doubleLow, doubleRange, doubleDiffering);
  return <u32>(output - target);
}

/** The differences of neighbours; `target` may be the source. */
function putDifferences(source: usize, count: u32, target: usize): void {
  let previous = load<i64>(source);
  for (let index: u32 = 1; index < count; index++) {
    const value = load<i64>(source + ((<usize>index) << 3));
    store<i64>(target + ((<usize>index - 1) << 3), value - previous);
    previous = value;
  }
}

function putCrossed(source: usize, count: u32, target: usize): void {
  for (let index: u32 = 1; index < count; index++) {
    const here = source + ((<usize>index) << 3);
    store<u64>(target + ((<usize>index - 1) << 3), load<u64>(here) ^ load<u64>(here - 8));
  }
}

function putFirst(target: usize, isRaw: bool): usize {
  if (!isRaw) return putVarint(target, zigzag(first));
  store<i64>(target, first);
  return target + 8;
}

/** Writes width and shift, and the numbers less `least`. */
function putPacked(
  target: usize,
  source: usize,
  count: u32,
  least: i64,
  span: u64,
  bits: u64,
): usize {
  const shift = shiftOf(bits);
  const width = widthOf(span) - shift;
  store<u8>(target, width);
  store<u8>(target, shift, 1);
  pack(source, count, <u64>least, shift, width, target + 2);
  return target + 2 + packedBytes(count, width);
}

function varintBytes(value: u64): u32 {
  return max(1, (widthOf(value) + 6) / 7);
}
