// Reading a series on any thread, while the writer goes on.

import {
  C_BYTES,
  C_PREVIOUS,
  C_TIMES,
  C_VALUES,
  KIND_READERS,
  READER_BYTES,
  READER_CHAIN,
  READER_SAMPLES,
  READER_SLOTS,
  S_BASE,
  S_CAPACITY,
  S_CHUNK,
  S_LENGTH,
  S_TAIL,
  S_VERSION,
  T_COUNT,
  T_FIRST,
  T_LAST,
  TAIL_MAX,
  V_CAPACITY,
  V_CHAIN,
  V_LENGTH,
  V_MORE,
  V_SLOT,
  V_TAIL_TIMES,
  V_TAIL_VALUES,
  V_TIMES,
  V_VALUES,
} from './layout.ts';
import { freeSlot, takeSlot } from './epochs.ts';
import { seriesAddress } from './series.ts';
import { allocate, release } from './slab.ts';
import { tailTimes } from './tails.ts';
import { unpackTimes } from './times.ts';
import { unpackValues } from './unpack-values.ts';

const COLUMN_BYTES: usize = (<usize>READER_SAMPLES) << 3;
const CHAIN_BYTES: usize = (<usize>READER_CHAIN) << 2;
const TAIL_COLUMN_BYTES: usize = (<usize>TAIL_MAX) << 3;
const AREA_BYTES: usize = READER_BYTES + COLUMN_BYTES * 2 + CHAIN_BYTES + TAIL_COLUMN_BYTES * 2;

/** Made by the writing thread for one other. 0 when there is no slot or no memory. */
export function openReader(): usize {
  const slot = takeSlot();
  if (slot === READER_SLOTS) return 0;
  const reader = allocate(AREA_BYTES, KIND_READERS);
  if (reader === 0) {
    freeSlot(slot);
    return 0;
  }
  const columns = reader + READER_BYTES;
  store<u32>(reader, slot, V_SLOT);
  store<u32>(reader, 0, V_LENGTH);
  store<u32>(reader, <u32>columns, V_TIMES);
  store<u32>(reader, <u32>(columns + COLUMN_BYTES), V_VALUES);
  store<u32>(reader, READER_SAMPLES, V_CAPACITY);
  store<u32>(reader, 0, V_MORE);
  store<u32>(reader, <u32>(columns + COLUMN_BYTES * 2), V_CHAIN);
  const tail = columns + COLUMN_BYTES * 2 + CHAIN_BYTES;
  store<u32>(reader, <u32>tail, V_TAIL_TIMES);
  store<u32>(reader, <u32>(tail + TAIL_COLUMN_BYTES), V_TAIL_VALUES);
  return reader;
}

export function closeReader(reader: usize): void {
  freeSlot(load<u32>(reader, V_SLOT));
  release(reader, KIND_READERS);
}

/**
 * Reads the oldest samples of a series within the times that the reader's columns hold, ascending;
 * their number. `V_MORE` says whether to go on after the last of them.
 */
export function readSeries(reader: usize, ref: u32, minTime: i64, maxTime: i64): u32 {
  store<u32>(reader, 0, V_LENGTH);
  store<u32>(reader, 0, V_MORE);
  const series = seriesAddress(ref);
  if (series === 0) return 0;
  let tailLength: u32 = 0;
  let newestChunk: usize = 0;
  for (;;) {
    const version = atomic.load<u32>(series, S_VERSION);
    if ((version & 1) !== 0) continue;
    // Before the tail: what is packed meanwhile is then found in the tail, or the version moved.
    const length = min(atomic.load<u32>(series, S_LENGTH), TAIL_MAX);
    newestChunk = atomic.load<u32>(series, S_CHUNK);
    tailLength = copyTail(reader, series, length, minTime, maxTime);
    // Every load above comes before this store, and the one below after it.
    atomic.store<u32>(reader, 0, V_MORE);
    if (atomic.load<u32>(series, S_VERSION) === version) break;
  }
  readChunks(reader, newestChunk, minTime, maxTime);
  if (load<u32>(reader, V_MORE) === 0) addTail(reader, tailLength);
  return load<u32>(reader, V_LENGTH);
}

/**
 * Copies what is wanted of the tail; how many. The writer may change all of it meanwhile: then the
 * copy is of no use, but never reaches outside, as no tail is longer than `TAIL_MAX`.
 */
function copyTail(reader: usize, series: usize, length: u32, minTime: i64, maxTime: i64): u32 {
  const tail = <usize>load<u32>(series, S_TAIL);
  const times = tailTimes(tail, min(<u32>load<u8>(series, S_CAPACITY), TAIL_MAX));
  const base = load<i64>(series, S_BASE);
  const targetTimes = <usize>load<u32>(reader, V_TAIL_TIMES);
  const targetValues = <usize>load<u32>(reader, V_TAIL_VALUES);
  let count: usize = 0;
  for (let index: usize = 0; index < <usize>length; index++) {
    const time = base + load<u32>(times + (index << 2));
    if (time < minTime || time > maxTime) continue;
    store<f64>(targetTimes + (count << 3), <f64>time);
    store<u64>(targetValues + (count << 3), load<u64>(tail + (index << 3)));
    count++;
  }
  return <u32>count;
}

function addTail(reader: usize, count: u32): void {
  const length = load<u32>(reader, V_LENGTH);
  if (count === 0) return;
  if (length + count > load<u32>(reader, V_CAPACITY)) {
    store<u32>(reader, 1, V_MORE);
    return;
  }
  const offset = (<usize>length) << 3;
  const bytes = (<usize>count) << 3;
  memory.copy(<usize>load<u32>(reader, V_TIMES) + offset, load<u32>(reader, V_TAIL_TIMES), bytes);
  memory.copy(<usize>load<u32>(reader, V_VALUES) + offset, load<u32>(reader, V_TAIL_VALUES), bytes);
  store<u32>(reader, length + count, V_LENGTH);
}

/** Chunks are linked from the newest back: finds those that are wanted, then reads them forward. */
function readChunks(reader: usize, newest: usize, minTime: i64, maxTime: i64): void {
  const chain = <usize>load<u32>(reader, V_CHAIN);
  let found: u32 = 0;
  for (let chunk = newest; chunk !== 0; chunk = atomic.load<u32>(chunk, C_PREVIOUS)) {
    const times = <usize>load<u32>(chunk, C_TIMES);
    if (load<i64>(times, T_LAST) < minTime) break;
    if (load<i64>(times, T_FIRST) > maxTime) continue;
    // A ring: of a chain that is too long the oldest part stays, and there is more.
    store<u32>(chain + ((<usize>(found & (READER_CHAIN - 1))) << 2), <u32>chunk);
    found++;
  }
  const kept = min(found, READER_CHAIN);
  if (found > READER_CHAIN) store<u32>(reader, 1, V_MORE);
  for (let index: u32 = 0; index < kept; index++) {
    const cell = chain + ((<usize>((found - 1 - index) & (READER_CHAIN - 1))) << 2);
    if (!readChunk(reader, load<u32>(cell), minTime, maxTime)) {
      store<u32>(reader, 1, V_MORE);
      return;
    }
  }
}

/** False when the columns have no room for all of the chunk. */
function readChunk(reader: usize, chunk: usize, minTime: i64, maxTime: i64): bool {
  const block = <usize>load<u32>(chunk, C_TIMES);
  const count = load<u32>(block, T_COUNT);
  const length = load<u32>(reader, V_LENGTH);
  if (count > load<u32>(reader, V_CAPACITY) - length) return false;
  const offset = (<usize>length) << 3;
  const times = <usize>load<u32>(reader, V_TIMES) + offset;
  const values = <usize>load<u32>(reader, V_VALUES) + offset;
  unpackTimes(block, times);
  const start = chunk + C_VALUES;
  if (!unpackValues(start, start + load<u16>(chunk, C_BYTES), count, values)) return true;
  let from: u32 = 0;
  let to = count;
  while (from < to && load<f64>(times + ((<usize>from) << 3)) < <f64>minTime) from++;
  while (to > from && load<f64>(times + ((<usize>to - 1) << 3)) > <f64>maxTime) to--;
  if (from !== 0) {
    const bytes = (<usize>(to - from)) << 3;
    memory.copy(times, times + ((<usize>from) << 3), bytes);
    memory.copy(values, values + ((<usize>from) << 3), bytes);
  }
  store<u32>(reader, length + to - from, V_LENGTH);
  return true;
}
