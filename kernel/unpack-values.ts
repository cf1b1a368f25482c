// Values of a chunk, from the bytes that pack-values.ts makes; its beginning draws them.

import { packedBytes, takeVarint, unpackAt, unzigzag, varint } from './bits.ts';
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
