// Appending: to the raw tail of a series, and from full tails to chunks.
//
// A tail holds `capacity` values (u64), then `capacity` times (u32, counted from the base of the
// series). Readers may be looking at any moment: a sample is there when the length says so, and
// whatever else moves is moved while the version is odd.

import {
  KIND_TAILS,
  S_BASE,
  S_CAPACITY,
  S_CHUNK,
  S_COMMIT,
  S_HINT,
  S_LENGTH,
  S_LIMIT,
  S_NEWEST,
  S_SAMPLES,
  S_TAIL,
  S_VERSION,
  TAIL_FIRST,
  TAIL_MAX,
  TAIL_SAMPLE_BYTES,
} from './layout.ts';
import { openNewest, publishLength } from './commits.ts';
import { retire } from './epochs.ts';
import { makeChunk } from './head-chunks.ts';
import { packHint } from './pack-values.ts';
import { allocate } from './slab.ts';

/** The address of the times in a tail. */
export function tailTimes(tail: usize, capacity: u32): usize {
  return tail + ((<usize>capacity) << 3);
}

/** Whether one more sample has room in the tail. */
export function hasRoom(series: usize, length: u32): bool {
  return length < <u32>load<u8>(series, S_CAPACITY) && length < <u32>load<u8>(series, S_LIMIT);
}

/** Appends a sample newer than all of its series. False when the slab is full. */
export function appendNewest(series: usize, time: i64, bits: u64, commit: u32): bool {
  let length = load<u32>(series, S_LENGTH);
  if (!hasRoom(series, length)) {
    if (!makeRoom(series)) return false;
    length = load<u32>(series, S_LENGTH);
  }
  if (length !== 0 && time - load<i64>(series, S_BASE) > <i64>u32.MAX_VALUE) {
    if (!packTail(series)) return false;
    length = 0;
  }
  if (length === 0) store<i64>(series, time, S_BASE);
  if (load<u32>(series, S_COMMIT) !== commit) openNewest(series);
  const tail = <usize>load<u32>(series, S_TAIL);
  const times = tailTimes(tail, load<u8>(series, S_CAPACITY));
  store<u64>(tail + ((<usize>length) << 3), bits);
  store<u32>(times + ((<usize>length) << 2), <u32>(time - load<i64>(series, S_BASE)));
  store<i64>(series, time, S_NEWEST);
  store<u32>(series, load<u32>(series, S_SAMPLES) + 1, S_SAMPLES);
  // From here on other threads may read it.
  publishLength(series, length + 1, commit);
  return true;
}

/** Makes the tail larger, or packs it. False when the slab is full. */
export function makeRoom(series: usize): bool {
  const capacity = <u32>load<u8>(series, S_CAPACITY);
  if (load<u32>(series, S_LENGTH) >= <u32>load<u8>(series, S_LIMIT)) return packTail(series);
  if (capacity === TAIL_MAX) return packTail(series);
  return growTail(series, capacity === 0 ? TAIL_FIRST : capacity * 2);
}

/** Gives a tail room for `wanted` samples, more than it has. False when the slab is full. */
export function growTail(series: usize, wanted: u32): bool {
  const capacity = <u32>load<u8>(series, S_CAPACITY);
  const tail = allocate(<usize>wanted * TAIL_SAMPLE_BYTES, KIND_TAILS);
  if (tail === 0) return false;
  const old = <usize>load<u32>(series, S_TAIL);
  if (old !== 0) {
    memory.copy(tail, old, (<usize>capacity) << 3);
    memory.copy(tailTimes(tail, wanted), tailTimes(old, capacity), (<usize>capacity) << 2);
  }
  replaceTail(series, tail, wanted);
  return true;
}

/** Gives back the room of a tail without samples. */
export function dropTail(series: usize): void {
  replaceTail(series, 0, 0);
}

function replaceTail(series: usize, tail: usize, capacity: u32): void {
  const old = <usize>load<u32>(series, S_TAIL);
  beginChange(series);
  store<u32>(series, <u32>tail, S_TAIL);
  store<u8>(series, capacity, S_CAPACITY);
  endChange(series);
  retire(old, KIND_TAILS);
}

/** Packs the tail into a chunk, whatever its length. False when the slab is full. */
export function packTail(series: usize): bool {
  const length = load<u32>(series, S_LENGTH);
  if (length === 0) return true;
  const tail = <usize>load<u32>(series, S_TAIL);
  const times = tailTimes(tail, load<u8>(series, S_CAPACITY));
  const base = load<i64>(series, S_BASE);
  const chunk = makeChunk(series, base, times, tail, length, load<u32>(series, S_CHUNK));
  if (chunk === 0) return false;
  store<u8>(series, packHint, S_HINT);
  store<u8>(series, TAIL_MAX, S_LIMIT);
  beginChange(series);
  atomic.store<u32>(series, <u32>chunk, S_CHUNK);
  atomic.store<u32>(series, 0, S_LENGTH);
  endChange(series);
  return true;
}

export function beginChange(series: usize): void {
  atomic.store<u32>(series, load<u32>(series, S_VERSION) + 1, S_VERSION);
  // What is stored next must not be seen before the odd version: an atomic load comes after the
  // atomic store, and other stores after that load. (The compiler's `atomic.fence` is not valid.)
  atomic.load<u32>(series, S_VERSION);
}

export function endChange(series: usize): void {
  atomic.store<u32>(series, load<u32>(series, S_VERSION) + 1, S_VERSION);
}
