// The samples of linked commits of the log, into the columns of a body: what src/storage/wal has in
// samples-times.ts, samples-refs.ts and samples-values.ts, where the format is described. Same
// refusals, same bits.

import {
  B_INPUT,
  B_INPUT_LENGTH,
  B_LENGTH,
  B_ORDER,
  B_REFS,
  B_TIMES,
  B_VALUES,
  G_BYTES,
  G_GREATEST_REF,
  G_GREATEST_TIME,
  G_LAST_REF,
  G_LEAST_REF,
  G_LEAST_TIME,
  G_PARTS,
  G_TIME,
  KIND_LISTS,
  STATUS_MALFORMED,
  STATUS_NO_MEMORY,
  STATUS_OK,
} from './layout.ts';
import { reserveSamples } from './bodies.ts';
import { powerOfTen } from './decimals.ts';
import { allocate, growList, release } from './slab.ts';

// Of each ref, in pages of 512: 16 B. The last value (the whole number it was written as, or its
// bits), the ref that came after it last time (0: the next number), its mode.
const M_LAST: usize = 0;
const M_SUCCESSOR: usize = 8;
const M_MODE: usize = 12;
const RECORD_BITS: u32 = 4;
const PAGE_REFS_BITS: u32 = 9;
const PAGE_BYTES: usize = 8192;
/** A part of the directory has 4,096 pages. */
const PART_BITS: u32 = 12;
const PARTS: u32 = 2048;

const MODE_UNKNOWN: u32 = 0;
const MODE_WHOLE: u32 = 1;
const MODE_BITS: u32 = 255;
const DIGITS_MOST: u32 = 12;

const CODE_ODD: u32 = 8;
const CODE_BITS: u32 = 9;
const CODE_SCALE: u32 = 10;
const BITS_CODE_BOTH: u32 = 4;
const BITS_CODE_HIGH: u32 = 8;
const BITS_CODE_MOST: u32 = 12;
const SCALE_BYTES_MOST: u32 = 7;

const TIMES_SAME: u32 = 0;
const TIMES_RUNS: u32 = 1;
const TIMES_WIDE: u32 = 3;

/** A number takes at most that many bytes. */
const NUMBER_BYTES_MOST: u32 = 8;

/** What records of a segment have said so far; 0 when the slab is full. */
export function openLogSamples(): usize {
  const log = allocate(G_BYTES, KIND_LISTS);
  if (log === 0) return 0;
  memory.fill(log, 0, G_BYTES);
  const parts = allocate((<usize>PARTS) << 2, KIND_LISTS);
  if (parts === 0) {
    release(log, KIND_LISTS);
    return 0;
  }
  memory.fill(parts, 0, (<usize>PARTS) << 2);
  store<u32>(log, <u32>parts, G_PARTS);
  return log;
}

/** As after `openLogSamples`. */
export function restartLogSamples(log: usize): void {
  const parts = <usize>load<u32>(log, G_PARTS);
  for (let index: usize = 0; index < <usize>PARTS; index++) {
    const part = <usize>load<u32>(parts + (index << 2));
    if (part === 0) continue;
    for (let at = part; at < part + ((<usize>1) << (PART_BITS + 2)); at += 4) {
      release(load<u32>(at), KIND_LISTS);
    }
    release(part, KIND_LISTS);
  }
  memory.fill(parts, 0, (<usize>PARTS) << 2);
  store<u32>(log, 0, G_LAST_REF);
  store<f64>(log, 0, G_TIME);
}

/** The page with the record of a ref, made if need be; 0 when the slab is full. */
function pageOf(log: usize, ref: u32): usize {
  const page = ref >> PAGE_REFS_BITS;
  const partCell = <usize>load<u32>(log, G_PARTS) + ((<usize>(page >> PART_BITS)) << 2);
  let part = <usize>load<u32>(partCell);
  if (part === 0) {
    part = allocate((<usize>1) << (PART_BITS + 2), KIND_LISTS);
    if (part === 0) return 0;
    memory.fill(part, 0, (<usize>1) << (PART_BITS + 2));
    store<u32>(partCell, <u32>part);
  }
  const cell = part + ((<usize>(page & ((1 << PART_BITS) - 1))) << 2);
  let records = <usize>load<u32>(cell);
  if (records === 0) {
    records = allocate(PAGE_BYTES, KIND_LISTS);
    if (records === 0) return 0;
    memory.fill(records, 0, PAGE_BYTES);
    store<u32>(cell, <u32>records);
  }
  return records;
}

function recordOn(records: usize, ref: u32): usize {
  return records + ((<usize>(ref & ((1 << PAGE_REFS_BITS) - 1))) << RECORD_BITS);
}

/** The number that `takeNumber` read, as TypeScript reads it: from 2^53 on it is rounded. */
let number: f64 = 0;

/** Reads a number; what follows it, 0 where there is none. */
function takeNumber(start: usize, limit: usize): usize {
  let value: u64 = 0;
  let position = start;
  for (let index: u32 = 0; index < NUMBER_BYTES_MOST && position < limit; index++) {
    const byte = <u64>load<u8>(position++);
    value |= (byte & 0x7f) << (7 * index);
    if (byte < 0x80) {
      number = <f64>value;
      return position;
    }
  }
  return 0;
}

/** 0, 1, 2, 3, … as 0, -1, 1, -2, …. */
function unzigzag(value: f64): f64 {
  const half = value * 0.5;
  return floor(half) === half ? half : -(value + 1) * 0.5;
}

/**
 * Reads the samples that the input of the body is; they are its columns afterwards, with the least
 * and greatest ref and time beside them. What does not end in STATUS_OK leaves the state damaged.
 */
export function decodeLogSamples(log: usize, body: usize): u32 {
  const start = <usize>load<u32>(body, B_INPUT);
  const limit = start + load<u32>(body, B_INPUT_LENGTH);
  store<u32>(body, 0, B_LENGTH);
  let position = takeNumber(start, limit);
  // Each sample has a code of half a byte.
  if (position === 0 || number === 0 || number > <f64>(limit - position) * 2) {
    return STATUS_MALFORMED;
  }
  const length = <u32>number;
  if (!reserveSamples(body, length)) return STATUS_NO_MEMORY;
  if (!growList(body + B_ORDER, length, 0, 4, KIND_LISTS)) return STATUS_NO_MEMORY;
  position = takeTimes(log, load<u32>(body, B_TIMES), length, position, limit);
  if (position === 0) return STATUS_MALFORMED;
  isFull = false;
  position = takeRefs(log, body, length, position, limit);
  if (isFull) return STATUS_NO_MEMORY;
  if (position === 0) return STATUS_MALFORMED;
  if (takeValues(body, length, position, limit) !== limit) return STATUS_MALFORMED;
  store<u32>(body, length, B_LENGTH);
  return STATUS_OK;
}

let isFull: bool = false;

/** What follows the times, 0 where they are malformed. */
function takeTimes(log: usize, into: usize, length: u32, start: usize, limit: usize): usize {
  if (start >= limit) return 0;
  const form = <u32>load<u8>(start);
  let position = start + 1;
  if (form > TIMES_WIDE) return 0;
  if (form === TIMES_WIDE) return takeWideTimes(log, into, length, position, limit);
  let time = load<f64>(log, G_TIME);
  let least: f64 = Infinity;
  let greatest: f64 = -Infinity;
  for (let index: u32 = 0; index < length; ) {
    let count: u32 = form === TIMES_SAME ? length : 1;
    if (form === TIMES_RUNS) {
      position = takeNumber(position, limit);
      if (position === 0 || number === 0 || number > <f64>(length - index)) return 0;
      count = <u32>number;
    }
    position = takeNumber(position, limit);
    if (position === 0) return 0;
    time += unzigzag(number);
    least = min(least, time);
    greatest = max(greatest, time);
    for (const end = index + count; index < end; index++) {
      store<f64>(into + ((<usize>index) << 3), time);
    }
  }
  store<f64>(log, time, G_TIME);
  store<f64>(log, least, G_LEAST_TIME);
  store<f64>(log, greatest, G_GREATEST_TIME);
  return position;
}

function takeWideTimes(log: usize, into: usize, length: u32, start: usize, limit: usize): usize {
  const bytes = (<u64>length) << 3;
  if (<u64>(limit - start) < bytes) return 0;
  memory.copy(into, start, <usize>bytes);
  let least: f64 = Infinity;
  let greatest: f64 = -Infinity;
  for (let at = into; at < into + <usize>bytes; at += 8) {
    // NaN if any is.
    least = min(least, load<f64>(at));
    greatest = max(greatest, load<f64>(at));
  }
  store<f64>(log, least, G_LEAST_TIME);
  store<f64>(log, greatest, G_GREATEST_TIME);
  return start + <usize>bytes;
}

/** Reads refs, and where the records of their series are; what follows, 0 when malformed. */
function takeRefs(log: usize, body: usize, length: u32, start: usize, limit: usize): usize {
  const refs = <usize>load<u32>(body, B_REFS);
  const places = <usize>load<u32>(body, B_ORDER);
  let position = takeNumber(start, limit);
  if (position === 0) return 0;
  let hits = number;
  let before = load<u32>(log, G_LAST_REF);
  let page = before >> PAGE_REFS_BITS;
  let records = pageOf(log, before);
  isFull = records === 0;
  if (isFull) return 0;
  let record = recordOn(records, before);
  let least = u32.MAX_VALUE;
  let greatest: u32 = 0;
  for (let index: usize = 0; index < <usize>length; index++) {
    const successor = load<u32>(record, M_SUCCESSOR);
    let ref = successor === 0 ? before + 1 : successor;
    if (hits > 0) hits -= 1;
    else {
      position = takeNumber(position, limit);
      if (position === 0) return 0;
      const coded = <u32>(<u64>number);
      ref += (coded >> 1) ^ -(coded & 1);
      store<u32>(record, ref, M_SUCCESSOR);
      position = takeNumber(position, limit);
      if (position === 0) return 0;
      hits = number;
    }
    if (ref >> PAGE_REFS_BITS !== page) {
      page = ref >> PAGE_REFS_BITS;
      records = pageOf(log, ref);
      isFull = records === 0;
      if (isFull) return 0;
    }
    record = recordOn(records, ref);
    store<u32>(places + (index << 2), <u32>record);
    store<u32>(refs + (index << 2), ref);
    least = min(least, ref);
    greatest = max(greatest, ref);
    before = ref;
  }
  store<u32>(log, before, G_LAST_REF);
  store<u32>(log, least, G_LEAST_REF);
  store<u32>(log, greatest, G_GREATEST_REF);
  return hits === 0 ? position : 0;
}

/** Where `takeWord` is. It may go beyond the end by what one value takes: see SLACK_BYTES. */
let cursor: usize = 0;

/** A word of 1 to 4 bytes. */
function takeWord(count: u32): u32 {
  const word = load<u32>(cursor) & (<u32>0xffffffff >> (32 - 8 * count));
  cursor += count;
  return word;
}

/** A number of 1 to 7 bytes, of either sign. */
function takeSigned(count: u32): f64 {
  const word = load<u64>(cursor) & (<u64>u64.MAX_VALUE >> (64 - 8 * count));
  cursor += count;
  return unzigzag(<f64>word);
}

/** Reads values of series whose records are known; what follows, 0 when malformed. */
function takeValues(body: usize, length: u32, start: usize, limit: usize): usize {
  const codeBytes = (<usize>length + 1) >> 1;
  if (limit - start < codeBytes) return 0;
  const values = <usize>load<u32>(body, B_VALUES);
  const places = <usize>load<u32>(body, B_ORDER);
  cursor = start + codeBytes;
  for (let index: usize = 0; index < <usize>length; index++) {
    if (cursor > limit) return 0;
    const code = (<u32>load<u8>(start + (index >> 1)) >> ((<u32>index & 1) << 2)) & 15;
    const record = <usize>load<u32>(places + (index << 2));
    const into = values + (index << 3);
    const mode = <u32>load<u8>(record, M_MODE);
    if (mode === MODE_BITS) {
      if (code > BITS_CODE_MOST) return 0;
      const bits = load<u64>(record, M_LAST) ^ takeChange(code);
      store<u64>(record, bits, M_LAST);
      store<u64>(into, bits);
    } else if (code < CODE_ODD) {
      if (mode === MODE_UNKNOWN) store<u8>(record, MODE_WHOLE, M_MODE);
      const whole = load<f64>(record, M_LAST) + takeDistance(code);
      store<f64>(record, whole, M_LAST);
      store<f64>(into, mode <= MODE_WHOLE ? whole : whole / powerOfTen(mode - MODE_WHOLE));
    } else if (!takeOther(record, into, code)) return 0;
  }
  return cursor;
}

function takeDistance(code: u32): f64 {
  if (code === 0) return 0;
  if (code > 4) return takeSigned(code);
  const coded = takeWord(code);
  return <f64>(<i32>((coded >> 1) ^ -(coded & 1)));
}

/** The bits in which a value differs from the last one. */
function takeChange(code: u32): u64 {
  if (code === 0) return 0;
  if (code > BITS_CODE_HIGH) return (<u64>takeWord(code - BITS_CODE_HIGH)) << 32;
  const low = <u64>takeWord(min(4, code));
  return code > BITS_CODE_BOTH ? low | ((<u64>takeWord(code - BITS_CODE_BOTH)) << 32) : low;
}

/** A value whose series is written otherwise from here on, or not at all like it. */
function takeOther(record: usize, into: usize, code: u32): bool {
  if (code === CODE_SCALE) {
    const head = takeWord(1);
    const digits = head & 15;
    const count = head >> 4;
    if (digits > DIGITS_MOST || count > SCALE_BYTES_MOST) return false;
    const whole: f64 = count === 0 ? 0 : takeSigned(count);
    store<u8>(record, MODE_WHOLE + digits, M_MODE);
    store<f64>(record, whole, M_LAST);
    store<f64>(into, whole / powerOfTen(digits));
    return true;
  }
  if (code > CODE_BITS) return false;
  const bits = load<u64>(cursor);
  cursor += 8;
  store<u64>(into, bits);
  if (code === CODE_BITS) {
    store<u8>(record, MODE_BITS, M_MODE);
    store<u64>(record, bits, M_LAST);
  }
  return true;
}
