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

import {
  pack,
  packedBytes,
  putVarint,
  takeVarint,
  unpackAt,
  unzigzag,
  varint,
  widthOf,
  zigzag,
} from './bits.ts';
import { decimal, EXPONENT_MAX, isDecimal, largerExponent, powerOfTen } from './decimals.ts';
import { differencesScratch, integersScratch } from './scratch.ts';

const MODE_CONSTANT: u32 = 0;
const MODE_FRAME: u32 = 1;
const MODE_DELTA: u32 = 2;
const MODE_DELTA_DELTA: u32 = 3;
const MODE_XOR: u32 = 4;
const MODE_MASK: u32 = 7;
const FLAG_DECIMAL: u32 = 8;
const FLAG_EXCEPTIONS: u32 = 16;

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

/** Chooses the mode that takes the fewest bytes and writes it; bytes from `target` on. */
function putNumbers(
  integers: usize,
  count: u32,
  isRaw: bool,
  flags: u32,
  target: usize,
  start: usize,
): u32 {
  const first = load<i64>(integers);
  const second = count > 1 ? load<i64>(integers, 8) - first : 0;
  let low = first;
  let high = first;
  let differing: u64 = 0;
  let deltaLow = second;
  let deltaHigh = second;
  let deltaDiffering: u64 = 0;
  let doubleLow: i64 = 0;
  let doubleHigh: i64 = 0;
  let doubleDiffering: u64 = 0;
  let doubleFirst: i64 = 0;
  let crossed: u64 = 0;
  let previous = first;
  let previousDelta = second;
  for (let index: u32 = 1; index < count; index++) {
    const value = load<i64>(integers + ((<usize>index) << 3));
    const delta = value - previous;
    const double = delta - previousDelta;
    low = min(low, value);
    high = max(high, value);
    differing |= <u64>(value - first);
    deltaLow = min(deltaLow, delta);
    deltaHigh = max(deltaHigh, delta);
    deltaDiffering |= <u64>(delta - second);
    crossed |= <u64>(value ^ previous);
    if (index === 2) {
      doubleLow = double;
      doubleHigh = double;
      doubleFirst = double;
    } else if (index > 2) {
      doubleLow = min(doubleLow, double);
      doubleHigh = max(doubleHigh, double);
      doubleDiffering |= <u64>(double - doubleFirst);
    }
    previous = value;
    previousDelta = delta;
  }
  let output = start;
  if (differing === 0) {
    store<u8>(target, flags | MODE_CONSTANT);
    return <u32>(putFirst(output, first, isRaw) - target);
  }
  const shift = <u32>ctz(differing);
  const width = widthOf(<u64>(high - low)) - shift;
  const deltaShift = deltaDiffering === 0 ? 0 : <u32>ctz(deltaDiffering);
  const deltaWidth = widthOf(<u64>(deltaHigh - deltaLow)) - deltaShift;
  const doubleShift = doubleDiffering === 0 ? 0 : <u32>ctz(doubleDiffering);
  const doubleWidth = widthOf(<u64>(doubleHigh - doubleLow)) - doubleShift;
  const firstBytes = isRaw ? 8 : varintBytes(zigzag(first));
  const frame = varintBytes(zigzag(low)) + packedBytes(count, width);
  const delta = firstBytes + varintBytes(zigzag(deltaLow)) + packedBytes(count - 1, deltaWidth);
  const double =
    count < 3
      ? u32.MAX_VALUE
      : firstBytes +
        varintBytes(zigzag(second)) +
        varintBytes(zigzag(doubleLow)) +
        packedBytes(count - 2, doubleWidth);
  const cross = isRaw
    ? firstBytes + packedBytes(count - 1, 64 - <u32>clz(crossed) - <u32>ctz(crossed))
    : u32.MAX_VALUE;
  const best = min(min(frame, delta), min(double, cross));
  if (best === frame) {
    store<u8>(target, flags | MODE_FRAME);
    output = putVarint(output, zigzag(low));
    return <u32>(putPacked(output, integers, count, low, width, shift) - target);
  }
  output = putFirst(output, first, isRaw);
  const differences = differencesScratch();
  if (best === cross) {
    store<u8>(target, flags | MODE_XOR);
    for (let index = count - 1; index > 0; index--) {
      const here = integers + ((<usize>index) << 3);
      store<u64>(differences + ((<usize>index - 1) << 3), load<u64>(here) ^ load<u64>(here - 8));
    }
    const crossShift = <u32>ctz(crossed);
    const crossWidth = 64 - <u32>clz(crossed) - crossShift;
    return <u32>(putPacked(output, differences, count - 1, 0, crossWidth, crossShift) - target);
  }
  for (let index: u32 = 1; index < count; index++) {
    const here = integers + ((<usize>index) << 3);
    store<i64>(differences + ((<usize>index - 1) << 3), load<i64>(here) - load<i64>(here - 8));
  }
  if (best === delta) {
    store<u8>(target, flags | MODE_DELTA);
    output = putVarint(output, zigzag(deltaLow));
    output = putPacked(output, differences, count - 1, deltaLow, deltaWidth, deltaShift);
    return <u32>(output - target);
  }
  store<u8>(target, flags | MODE_DELTA_DELTA);
  for (let index = count - 2; index > 0; index--) {
    const here = differences + ((<usize>index) << 3);
    store<i64>(here, load<i64>(here) - load<i64>(here - 8));
  }
  output = putVarint(output, zigzag(second));
  output = putVarint(output, zigzag(doubleLow));
  output = putPacked(output, differences + 8, count - 2, doubleLow, doubleWidth, doubleShift);
  return <u32>(output - target);
}

function putFirst(target: usize, first: i64, isRaw: bool): usize {
  if (!isRaw) return putVarint(target, zigzag(first));
  store<i64>(target, first);
  return target + 8;
}

function putPacked(
  target: usize,
  source: usize,
  count: u32,
  low: i64,
  width: u32,
  shift: u32,
): usize {
  store<u8>(target, width);
  store<u8>(target, shift, 1);
  pack(source, count, <u64>low, shift, width, target + 2);
  return target + 2 + packedBytes(count, width);
}

function varintBytes(value: u64): u32 {
  return max(1, (widthOf(value) + 6) / 7);
}

/**
 * Unpacks `count` values from `[start, end)` to `target`. False when those bytes are not what
 * `packValues` makes; `target` then holds anything, and nothing beyond `count` values was written.
 * Uses no room of its own, so that any thread may call it.
 */
export function unpackValues(start: usize, end: usize, count: u32, target: usize): bool {
  if (end - start < 2) return false;
  const flags = <u32>load<u8>(start);
  const mode = flags & MODE_MASK;
  const isRaw = (flags & FLAG_DECIMAL) === 0;
  if (mode > MODE_XOR || flags > 31) return false;
  let input = start + 1;
  let exponent: u32 = 0;
  if (!isRaw) {
    exponent = load<u8>(input++);
    if (exponent > EXPONENT_MAX || mode === MODE_XOR) return false;
  }
  const exceptions = input;
  if ((flags & FLAG_EXCEPTIONS) !== 0) {
    if (isRaw) return false;
    input = skipExceptions(input, end, count);
    if (input === 0) return false;
  }
  let first: i64 = 0;
  if (mode !== MODE_FRAME) {
    if (isRaw) {
      if (end - input < 8) return false;
      first = load<i64>(input);
      input += 8;
    } else {
      input = takeVarint(input, end);
      if (input === 0) return false;
      first = unzigzag(varint);
    }
  }
  if (mode === MODE_CONSTANT) {
    fill(target, count, first, isRaw, exponent);
  } else {
    if (!unpackNumbers(input, end, count, mode, first, target)) return false;
    if (!isRaw) toDoubles(target, count, exponent);
  }
  if ((flags & FLAG_EXCEPTIONS) !== 0) patch(exceptions, end, target);
  return true;
}

function fill(target: usize, count: u32, first: i64, isRaw: bool, exponent: u32): void {
  const bits = isRaw ? first : reinterpret<i64>(<f64>first / powerOfTen(exponent));
  for (let index: u32 = 0; index < count; index++) store<i64>(target + ((<usize>index) << 3), bits);
}

function unpackNumbers(
  start: usize,
  end: usize,
  count: u32,
  mode: u32,
  first: i64,
  target: usize,
): bool {
  let input = start;
  let delta: i64 = 0;
  let low: i64 = 0;
  if (mode === MODE_DELTA_DELTA) {
    input = takeVarint(input, end);
    if (input === 0) return false;
    delta = unzigzag(varint);
  }
  if (mode !== MODE_XOR) {
    input = takeVarint(input, end);
    if (input === 0) return false;
    low = unzigzag(varint);
  }
  if (end - input < 2) return false;
  const width = <u32>load<u8>(input);
  const shift = <u64>load<u8>(input, 1);
  input += 2;
  const left: u32 = mode === MODE_FRAME ? 0 : mode === MODE_DELTA_DELTA ? 2 : 1;
  if (width > 64 || shift > 63 || count < left) return false;
  const packed = count - left;
  if (<usize>packedBytes(packed, width) > end - input) return false;
  let output = target;
  let value = first;
  if (left > 0) {
    store<i64>(output, value);
    output += 8;
  }
  if (left === 2) {
    value += delta;
    store<i64>(output, value);
    output += 8;
  }
  for (let index: u32 = 0; index < packed; index++) {
    const number = low + <i64>(unpackAt(input, index, width) << shift);
    if (mode === MODE_DELTA) value += number;
    else if (mode === MODE_FRAME) value = number;
    else if (mode === MODE_XOR) value ^= number;
    else {
      delta += number;
      value += delta;
    }
    store<i64>(output, value);
    output += 8;
  }
  return true;
}

function toDoubles(target: usize, count: u32, exponent: u32): void {
  const power = powerOfTen(exponent);
  const end = target + ((<usize>count) << 3);
  if (exponent === 0) {
    for (let at = target; at < end; at += 8) store<f64>(at, <f64>load<i64>(at));
    return;
  }
  for (let at = target; at < end; at += 8) store<f64>(at, <f64>load<i64>(at) / power);
}

/** Checks the list of exceptions; the address after it, 0 when it is wrong. */
function skipExceptions(start: usize, end: usize, count: u32): usize {
  let input = takeVarint(start, end);
  if (input === 0 || varint > count) return 0;
  const exceptions = <u32>varint;
  let position: u64 = 0;
  for (let index: u32 = 0; index < exceptions; index++) {
    input = takeVarint(input, end);
    if (input === 0 || varint >= count) return 0;
    position += varint;
    if (position >= count || end - input < 8) return 0;
    input += 8;
  }
  return input;
}

function patch(start: usize, end: usize, target: usize): void {
  let input = takeVarint(start, end);
  const exceptions = <u32>varint;
  let position: usize = 0;
  for (let index: u32 = 0; index < exceptions; index++) {
    input = takeVarint(input, end);
    position += <usize>varint;
    store<u64>(target + (position << 3), load<u64>(input));
    input += 8;
  }
}
