// Chunks that `copyChunks` wrote, taken back into the head as they are. Nothing is believed of
// them: times must ascend, and values are unpacked once to see that they can be.

import {
  C_BYTES,
  C_PREVIOUS,
  C_TIMES,
  C_VALUES,
  H_CHUNK_COUNT,
  H_SAMPLE_COUNT,
  HEAD_CHUNK_MAX,
  KIND_CHUNKS,
  KIND_LISTS,
  KIND_STAGING,
  L_INPUT,
  L_INPUT_CAPACITY,
  L_TIMES,
  L_TIMES_COUNT,
  NO_TIME,
  S_CHUNK,
  S_CHUNK_COUNT,
  S_COMMIT,
  S_NEWEST,
  S_SAMPLES,
  STATUS_MALFORMED,
  STATUS_NO_MEMORY,
  STATUS_OK,
  STORED_BYTES,
  T_COUNT,
  T_FIRST,
  T_LAST,
  T_USERS,
} from './layout.ts';
import { packedBytes, takeVarint, unpackAt, unzigzag, varint } from './bits.ts';
import { allocateStaging } from './bodies.ts';
import { commitNow, openNewest } from './commits.ts';
import { giveUp } from './rewrite.ts';
import { offsetsScratch, timesScratch, valuesScratch } from './scratch.ts';
import { ownSeriesAddress } from './series.ts';
import { allocate, growList, release } from './slab.ts';
import { releaseTimes, takeTimes, unpackTimes } from './times.ts';
import { unpackValues } from './unpack-values.ts';

const TIME_MAX: i64 = 9007199254740991;
const VALUES_BYTES_MAX: u64 = 0xffff;

/** 0 when the slab is full. */
export function openStored(): usize {
  const stored = allocate(STORED_BYTES, KIND_LISTS);
  if (stored !== 0) memory.fill(stored, 0, STORED_BYTES);
  return stored;
}

export function closeStored(stored: usize): void {
  forgetTimes(stored);
  release(load<u32>(stored, L_INPUT), KIND_STAGING);
  release(load<u32>(stored, L_TIMES), KIND_LISTS);
  release(stored, KIND_LISTS);
}

/** Room for a record, in place of the one before; its address, 0 when the slab is full. */
export function reserveStored(stored: usize, bytes: u32): usize {
  forgetTimes(stored);
  const old = <usize>load<u32>(stored, L_INPUT);
  if (old !== 0 && bytes <= load<u32>(stored, L_INPUT_CAPACITY)) return old;
  release(old, KIND_STAGING);
  const area = allocateStaging(bytes);
  store<u32>(stored, <u32>area, L_INPUT);
  store<u32>(stored, bytes, L_INPUT_CAPACITY);
  return area;
}

function forgetTimes(stored: usize): void {
  const list = <usize>load<u32>(stored, L_TIMES);
  const count = <usize>load<u32>(stored, L_TIMES_COUNT);
  for (let index: usize = 0; index < count; index++) {
    releaseTimes(load<u32>(list + (index << 2)));
  }
  store<u32>(stored, 0, L_TIMES_COUNT);
}

/** Reads the `count` times that fill `[from, to)` of the record; once for each record. */
export function readStoredTimes(stored: usize, from: u32, to: u32, count: u32): u32 {
  if (to > load<u32>(stored, L_INPUT_CAPACITY) || from > to) return STATUS_MALFORMED;
  // Each takes two bytes at least.
  if (count > (to - from) >> 1) return STATUS_MALFORMED;
  if (!growList(stored + L_TIMES, count, 0, 4, KIND_LISTS)) return STATUS_NO_MEMORY;
  const list = <usize>load<u32>(stored, L_TIMES);
  let input = <usize>load<u32>(stored, L_INPUT) + from;
  const end = <usize>load<u32>(stored, L_INPUT) + to;
  for (let index: u32 = 0; index < count; index++) {
    input = takeOffsets(input, end);
    if (input === 0) return STATUS_MALFORMED;
    const block = takeTimes(takenFirst, offsetsScratch(), takenCount);
    if (block === 0) return STATUS_NO_MEMORY;
    store<u32>(list + ((<usize>index) << 2), <u32>block);
    store<u32>(stored, index + 1, L_TIMES_COUNT);
  }
  return input === end ? STATUS_OK : STATUS_MALFORMED;
}

// What `takeOffsets` read last.
let takenFirst: i64 = 0;
let takenCount: u32 = 0;

/** Reads times to the scratch offsets; the address after them, 0 where they are none. */
function takeOffsets(start: usize, end: usize): usize {
  let input = takeVarint(start, end);
  if (input === 0 || varint === 0 || varint > HEAD_CHUNK_MAX) return 0;
  const count = <u32>varint;
  input = takeVarint(input, end);
  if (input === 0) return 0;
  const first = unzigzag(varint);
  if (first < -TIME_MAX || first > TIME_MAX) return 0;
  takenFirst = first;
  takenCount = count;
  const offsets = offsetsScratch();
  store<u32>(offsets, 0);
  if (count === 1) return input;
  input = takeVarint(input, end);
  if (input === 0 || input === end) return 0;
  const step = varint;
  const width = <u32>load<u8>(input++);
  if (step === 0 || step > u32.MAX_VALUE || width > 32) return 0;
  const bytes = packedBytes(count - 1, width);
  if (<usize>bytes > end - input) return 0;
  let offset: u64 = 0;
  for (let index: u32 = 1; index < count; index++) {
    offset += step + unpackAt(input, index - 1, width);
    if (offset > u32.MAX_VALUE) return 0;
    store<u32>(offsets + ((<usize>index) << 2), <u32>offset);
  }
  return first + <i64>offset > TIME_MAX ? 0 : input + bytes;
}

// What `takeChunk` read last.
let takenBlock: usize = 0;
let takenValues: usize = 0;
let takenBytes: u32 = 0;

/** Reads a chunk, its values to the scratch column; the address after it, 0 where it is none. */
function takeChunk(stored: usize, start: usize, end: usize): usize {
  let input = takeVarint(start, end);
  if (input === 0 || varint >= load<u32>(stored, L_TIMES_COUNT)) return 0;
  const list = <usize>load<u32>(stored, L_TIMES);
  takenBlock = <usize>load<u32>(list + ((<usize>varint) << 2));
  input = takeVarint(input, end);
  if (input === 0 || varint > VALUES_BYTES_MAX || <usize>varint > end - input) return 0;
  takenValues = input;
  takenBytes = <u32>varint;
  const after = input + takenBytes;
  return unpackValues(input, after, load<u32>(takenBlock, T_COUNT), valuesScratch()) ? after : 0;
}

/**
 * Makes the `count` chunks that fill `[from, to)` of the record those of a series without samples,
 * visible at once. STATUS_MALFORMED where they are not that, or there is no such series, and
 * STATUS_NO_MEMORY when the slab is full; nothing is stored then.
 */
export function adoptChunks(stored: usize, ref: u32, from: u32, to: u32, count: u32): u32 {
  const series = ownSeriesAddress(ref);
  if (series === 0 || load<u32>(series, S_SAMPLES) !== 0) return STATUS_MALFORMED;
  if (to > load<u32>(stored, L_INPUT_CAPACITY) || from > to) return STATUS_MALFORMED;
  let input = <usize>load<u32>(stored, L_INPUT) + from;
  const end = <usize>load<u32>(stored, L_INPUT) + to;
  let newest: usize = 0;
  let last = NO_TIME;
  let samples: u64 = 0;
  let status = STATUS_OK;
  for (let index: u32 = 0; index < count && status === STATUS_OK; index++) {
    input = takeChunk(stored, input, end);
    if (input === 0 || load<i64>(takenBlock, T_FIRST) <= last) {
      status = STATUS_MALFORMED;
      break;
    }
    last = load<i64>(takenBlock, T_LAST);
    samples += load<u32>(takenBlock, T_COUNT);
    const chunk = adoptChunk(series, newest);
    if (chunk === 0) status = STATUS_NO_MEMORY;
    else newest = chunk;
  }
  if (status === STATUS_OK && (input !== end || samples > u32.MAX_VALUE)) status = STATUS_MALFORMED;
  if (status !== STATUS_OK) giveUp(series, newest, 0);
  else if (newest !== 0) publish(series, newest, <u32>samples, last);
  return status;
}

/** A chunk of what `takeChunk` read, after `previous`; 0 when the slab is full. */
function adoptChunk(series: usize, previous: usize): usize {
  const chunk = allocate(C_VALUES + <usize>takenBytes, KIND_CHUNKS);
  if (chunk === 0) return 0;
  store<u32>(takenBlock, load<u32>(takenBlock, T_USERS) + 1, T_USERS);
  store<u32>(chunk, <u32>previous, C_PREVIOUS);
  store<u32>(chunk, <u32>takenBlock, C_TIMES);
  store<u16>(chunk, takenBytes, C_BYTES);
  memory.copy(chunk + C_VALUES, takenValues, takenBytes);
  store<u32>(series, load<u32>(series, S_CHUNK_COUNT) + 1, S_CHUNK_COUNT);
  store<u32>(H_CHUNK_COUNT, load<u32>(H_CHUNK_COUNT) + 1);
  return chunk;
}

function publish(series: usize, newest: usize, samples: u32, time: i64): void {
  atomic.store<u32>(series, <u32>newest, S_CHUNK);
  store<u32>(series, samples, S_SAMPLES);
  store<u64>(H_SAMPLE_COUNT, load<u64>(H_SAMPLE_COUNT) + samples);
  const commit = commitNow();
  if (load<u32>(series, S_COMMIT) !== commit) openNewest(series);
  store<i64>(series, max(time, load<i64>(series, S_NEWEST)), S_NEWEST);
  atomic.store<u32>(series, commit, S_COMMIT);
}

// What `unpackStored` read last.
let unpackedCount: u32 = 0;

/** How many samples `unpackStored` left in the scratch columns. */
export function unpackedSamples(): u32 {
  return unpackedCount;
}

/**
 * Unpacks the chunk at `from` of the record, which ends at `to` or before, to the scratch columns;
 * where it ends, 0 where there is none.
 */
export function unpackStored(stored: usize, from: u32, to: u32): u32 {
  if (to > load<u32>(stored, L_INPUT_CAPACITY) || from > to) return 0;
  const record = <usize>load<u32>(stored, L_INPUT);
  const after = takeChunk(stored, record + from, record + to);
  if (after === 0) return 0;
  unpackedCount = load<u32>(takenBlock, T_COUNT);
  unpackTimes(takenBlock, timesScratch());
  return <u32>(after - record);
}
