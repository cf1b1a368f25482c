// Values of a chunk, from the bytes that pack-values.ts makes; its beginning draws them.

import { packedBytes, takeVarint, unzigzag, varint } from './bits.ts';
import { EXPONENT_MAX, powerOfTen } from './decimals.ts';
import {
  FLAG_DECIMAL,
  FLAG_EXCEPTIONS,
  MODE_CONSTANT,
  MODE_DELTA,
  MODE_DELTA_DELTA,
  MODE_FRAME,
  MODE_MASK,
  MODE_XOR,
} from './pack-values.ts';

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
  power = isRaw ? 0 : powerOfTen(exponent);
  if (mode === MODE_CONSTANT) {
    const last = target + ((<usize>count) << 3);
    put(target, first);
    const bits = load<u64>(target);
    for (let at = target + 8; at < last; at += 8) store<u64>(at, bits);
  } else if (!unpackNumbers(input, end, count, mode, first, target)) {
    return false;
  }
  if ((flags & FLAG_EXCEPTIONS) !== 0) patch(exceptions, end, target);
  return true;
}

/** What the integers under way are over; 0 when they are the bits themselves. */
let power: f64 = 0;

/** Writes the value that an integer stands for. */
function put(target: usize, integer: i64): void {
  if (power === 0) store<i64>(target, integer);
  else if (power === 1) store<f64>(target, <f64>integer);
  else store<f64>(target, <f64>integer / power);
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
  if (<usize>packedBytes(count - left, width) > end - input) return false;
  if (left > 0) put(target, first);
  if (left === 2) put(target + 8, first + delta);
  const output = target + ((<usize>left) << 3);
  const after = target + ((<usize>count) << 3);
  if (mode === MODE_FRAME) unpackFrame(input, width, shift, low, output, after);
  else if (mode === MODE_DELTA) unpackDeltas(input, width, shift, low, first, output, after);
  else if (mode === MODE_XOR) unpackCrossed(input, width, shift, first, output, after);
  else unpackDoubles(input, width, shift, low, first + delta, delta, output, after);
  return true;
}

/** The number that begins at a bit; `width` bits, of which `mask` is made. */
function numberAt(source: usize, bit: u32, width: u32, mask: u64): i64 {
  const address = source + (bit >> 3);
  const offset = <u64>(bit & 7);
  let value = load<u64>(address) >> offset;
  // Wider ones may reach into a ninth byte.
  if (width > 57 && offset + width > 64) value |= (<u64>load<u8>(address, 8)) << (64 - offset);
  return <i64>(value & mask);
}

function maskOf(width: u32): u64 {
  return width === 64 ? u64.MAX_VALUE : ((<u64>1) << width) - 1;
}

function unpackFrame(
  input: usize,
  width: u32,
  shift: u64,
  low: i64,
  output: usize,
  end: usize,
): void {
  const mask = maskOf(width);
  let bit: u32 = 0;
  for (let at = output; at < end; at += 8) {
    put(at, low + (numberAt(input, bit, width, mask) << shift));
    bit += width;
  }
}

function unpackDeltas(
  input: usize,
  width: u32,
  shift: u64,
  low: i64,
  first: i64,
  output: usize,
  end: usize,
): void {
  const mask = maskOf(width);
  let bit: u32 = 0;
  let value = first;
  for (let at = output; at < end; at += 8) {
    value += low + (numberAt(input, bit, width, mask) << shift);
    put(at, value);
    bit += width;
  }
}

function unpackDoubles(
  input: usize,
  width: u32,
  shift: u64,
  low: i64,
  second: i64,
  firstDelta: i64,
  output: usize,
  end: usize,
): void {
  const mask = maskOf(width);
  let bit: u32 = 0;
  let value = second;
  let delta = firstDelta;
  for (let at = output; at < end; at += 8) {
    delta += low + (numberAt(input, bit, width, mask) << shift);
    value += delta;
    put(at, value);
    bit += width;
  }
}

function unpackCrossed(
  input: usize,
  width: u32,
  shift: u64,
  first: i64,
  output: usize,
  end: usize,
): void {
  const mask = maskOf(width);
  let bit: u32 = 0;
  let value = first;
  for (let at = output; at < end; at += 8) {
    value ^= numberAt(input, bit, width, mask) << shift;
    put(at, value);
    bit += width;
  }
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
