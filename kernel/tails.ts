// Appending: to the raw tail of a series, and from full tails to chunks.
//
// A tail holds `capacity` values (u64), then `capacity` times (u32, counted from the base of the
// series). Readers may be looking at any moment: a sample is there when the length says so, and
// whatever else moves is moved while the version is odd.

import {
  C_BYTES,
  C_PREVIOUS,
  C_TIMES,
  C_VALUES,
  H_CHUNK_COUNT,
  H_SAMPLE_COUNT,
  KIND_CHUNKS,
  KIND_TAILS,
  NO_TIME,
  S_BASE,
  S_CAPACITY,
  S_CHUNK,
  S_CHUNK_COUNT,
  S_HINT,
  S_LENGTH,
  S_LIMIT,
  S_NEWEST,
  S_SAMPLES,
  S_TAIL,
  S_VERSION,
  T_COUNT,
  T_FIRST,
  T_LAST,
  TAIL_FIRST,
  TAIL_MAX,
  TAIL_SAMPLE_BYTES,
} from './layout.ts';
import { retire } from './epochs.ts';
import { differencesScratch, packedScratch, valuesScratch } from './scratch.ts';
import { retireChunk } from './series.ts';
import { allocate } from './slab.ts';
import { takeTimes, unpackTimes } from './times.ts';
import { packHint, packValues } from './pack-values.ts';
import { unpackValues } from './unpack-values.ts';

/** The address of the times in a tail. */
export function tailTimes(tail: usize, capacity: u32): usize {
  return tail + ((<usize>capacity) << 3);
}

/** Appends a sample newer than all of its series. False when the slab is full. */
export function appendNewest(series: usize, time: i64, bits: u64): bool {
  let length = load<u32>(series, S_LENGTH);
  if (length >= <u32>load<u8>(series, S_CAPACITY) || length >= <u32>load<u8>(series, S_LIMIT)) {
    if (!makeRoom(series)) return false;
    length = load<u32>(series, S_LENGTH);
  }
  if (length !== 0 && time - load<i64>(series, S_BASE) > <i64>u32.MAX_VALUE) {
    if (!packTail(series)) return false;
    length = 0;
  }
  if (length === 0) store<i64>(series, time, S_BASE);
  const tail = <usize>load<u32>(series, S_TAIL);
  const times = tailTimes(tail, load<u8>(series, S_CAPACITY));
  store<u64>(tail + ((<usize>length) << 3), bits);
  store<u32>(times + ((<usize>length) << 2), <u32>(time - load<i64>(series, S_BASE)));
  store<i64>(series, time, S_NEWEST);
  store<u32>(series, load<u32>(series, S_SAMPLES) + 1, S_SAMPLES);
  // From here on other threads may read it.
  atomic.store<u32>(series, length + 1, S_LENGTH);
  return true;
}

function makeRoom(series: usize): bool {
  const capacity = <u32>load<u8>(series, S_CAPACITY);
  if (load<u32>(series, S_LENGTH) >= <u32>load<u8>(series, S_LIMIT)) return packTail(series);
  if (capacity === TAIL_MAX) return packTail(series);
  const wanted = capacity === 0 ? TAIL_FIRST : capacity * 2;
  const tail = allocate(<usize>wanted * TAIL_SAMPLE_BYTES, KIND_TAILS);
  if (tail === 0) return false;
  const old = <usize>load<u32>(series, S_TAIL);
  if (old !== 0) {
    memory.copy(tail, old, (<usize>capacity) << 3);
    memory.copy(tailTimes(tail, wanted), tailTimes(old, capacity), (<usize>capacity) << 2);
  }
  beginChange(series);
  store<u32>(series, <u32>tail, S_TAIL);
  store<u8>(series, wanted, S_CAPACITY);
  endChange(series);
  retire(old, KIND_TAILS);
  return true;
}

/** Packs the tail into a chunk, whatever its length. False when the slab is full. */
export function packTail(series: usize): bool {
  const length = load<u32>(series, S_LENGTH);
  if (length === 0) return true;
  const tail = <usize>load<u32>(series, S_TAIL);
  const times = takeTimes(
    load<i64>(series, S_BASE),
    tailTimes(tail, load<u8>(series, S_CAPACITY)),
    length,
  );
  if (times === 0) return false;
  const packed = packedScratch();
  const bytes = packValues(tail, length, packed, load<u8>(series, S_HINT));
  const chunk = allocate(C_VALUES + <usize>bytes, KIND_CHUNKS);
  // The times stay with one user too many, which costs their room and nothing else.
  if (chunk === 0) return false;
  store<u32>(chunk, load<u32>(series, S_CHUNK), C_PREVIOUS);
  store<u32>(chunk, <u32>times, C_TIMES);
  store<u16>(chunk, bytes, C_BYTES);
  memory.copy(chunk + C_VALUES, packed, bytes);
  store<u8>(series, packHint, S_HINT);
  store<u8>(series, TAIL_MAX, S_LIMIT);
  store<u32>(series, load<u32>(series, S_CHUNK_COUNT) + 1, S_CHUNK_COUNT);
  store<u32>(H_CHUNK_COUNT, load<u32>(H_CHUNK_COUNT) + 1);
  beginChange(series);
  atomic.store<u32>(series, <u32>chunk, S_CHUNK);
  atomic.store<u32>(series, 0, S_LENGTH);
  endChange(series);
  return true;
}

function beginChange(series: usize): void {
  atomic.store<u32>(series, load<u32>(series, S_VERSION) + 1, S_VERSION);
  // What is stored next must not be seen before the odd version: an atomic load comes after the
  // atomic store, and other stores after that load. (The compiler's `atomic.fence` is not valid.)
  atomic.load<u32>(series, S_VERSION);
}

function endChange(series: usize): void {
  atomic.store<u32>(series, load<u32>(series, S_VERSION) + 1, S_VERSION);
}

/** The bits that `findSample` found. */
export let foundBits: u64 = 0;

/** Whether a sample at that very time is in the series; the writing thread only. */
export function findSample(series: usize, time: i64): bool {
  if (time > load<i64>(series, S_NEWEST)) return false;
  const length = load<u32>(series, S_LENGTH);
  const base = load<i64>(series, S_BASE);
  if (length !== 0 && time >= base) {
    const tail = <usize>load<u32>(series, S_TAIL);
    const times = tailTimes(tail, load<u8>(series, S_CAPACITY));
    for (let index = length; index > 0; index--) {
      const here = base + load<u32>(times + ((<usize>index - 1) << 2));
      if (here === time) foundBits = load<u64>(tail + ((<usize>index - 1) << 3));
      if (here <= time) return here === time;
    }
    return false;
  }
  let chunk = <usize>load<u32>(series, S_CHUNK);
  while (chunk !== 0 && load<i64>(<usize>load<u32>(chunk, C_TIMES), T_FIRST) > time) {
    chunk = <usize>load<u32>(chunk, C_PREVIOUS);
  }
  if (chunk === 0) return false;
  return findInChunk(chunk, time);
}

function findInChunk(chunk: usize, time: i64): bool {
  const block = <usize>load<u32>(chunk, C_TIMES);
  if (load<i64>(block, T_LAST) < time) return false;
  const count = load<u32>(block, T_COUNT);
  const times = differencesScratch();
  unpackTimes(block, times);
  for (let index: u32 = 0; index < count; index++) {
    if (load<f64>(times + ((<usize>index) << 3)) !== <f64>time) continue;
    const values = valuesScratch();
    const start = chunk + C_VALUES;
    if (!unpackValues(start, start + load<u16>(chunk, C_BYTES), count, values)) return false;
    foundBits = load<u64>(values + ((<usize>index) << 3));
    return true;
  }
  return false;
}

/** Oldest time of a series, `NO_TIME` when it has no samples. */
export function oldestTime(series: usize): i64 {
  let chunk = <usize>load<u32>(series, S_CHUNK);
  if (chunk === 0) return load<u32>(series, S_LENGTH) === 0 ? NO_TIME : load<i64>(series, S_BASE);
  let oldest = chunk;
  while (chunk !== 0) {
    oldest = chunk;
    chunk = <usize>load<u32>(chunk, C_PREVIOUS);
  }
  return load<i64>(<usize>load<u32>(oldest, C_TIMES), T_FIRST);
}

/** Drops chunks, and the tail, that end before `time`; the number of samples that went. */
export function truncateSeries(series: usize, time: i64): u32 {
  let dropped: u32 = 0;
  const length = load<u32>(series, S_LENGTH);
  if (length !== 0 && load<i64>(series, S_NEWEST) < time) {
    dropped = length;
    beginChange(series);
    atomic.store<u32>(series, 0, S_LENGTH);
    endChange(series);
  }
  let link = series + S_CHUNK;
  let chunk = <usize>load<u32>(link);
  while (chunk !== 0 && load<i64>(<usize>load<u32>(chunk, C_TIMES), T_LAST) >= time) {
    link = chunk + C_PREVIOUS;
    chunk = <usize>load<u32>(link);
  }
  if (chunk !== 0) atomic.store<u32>(link, 0);
  while (chunk !== 0) {
    const previous = <usize>load<u32>(chunk, C_PREVIOUS);
    dropped += load<u32>(<usize>load<u32>(chunk, C_TIMES), T_COUNT);
    store<u32>(series, load<u32>(series, S_CHUNK_COUNT) - 1, S_CHUNK_COUNT);
    retireChunk(chunk);
    chunk = previous;
  }
  store<u32>(series, load<u32>(series, S_SAMPLES) - dropped, S_SAMPLES);
  store<u64>(H_SAMPLE_COUNT, load<u64>(H_SAMPLE_COUNT) - dropped);
  return dropped;
}
