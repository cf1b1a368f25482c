// Reading series on any thread, while the writer goes on.

import {
  C_BYTES,
  C_PREVIOUS,
  C_TIMES,
  C_VALUES,
  READER_CHAIN,
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
  V_CAPS,
  V_CHAIN,
  V_ENDS,
  V_LENGTH,
  V_MORE,
  V_NEXT,
  V_REFS,
  V_RESUME,
  V_TAIL_TIMES,
  V_TAIL_VALUES,
  V_TIMES,
  V_VALUES,
} from './layout.ts';
import { seriesAddress } from './series.ts';
import { tailTimes } from './tails.ts';
import { unpackTimes } from './times.ts';
import { unpackValues } from './unpack-values.ts';

/**
 * Reads the oldest samples of a series within the times that the reader's columns hold, ascending;
 * their number. `V_MORE` says whether to go on after the last of them.
 */
export function readSeries(reader: usize, ref: u32, minTime: f64, maxTime: f64): u32 {
  store<u32>(reader, 0, V_LENGTH);
  addSeries(reader, ref, <i64>minTime, <i64>maxTime);
  return load<u32>(reader, V_LENGTH);
}

/**
 * Reads the newest sample of a series within the times, to the beginning of the reader's columns.
 * False where it has none.
 */
export function readNewest(reader: usize, ref: u32, minTime: f64, maxTime: f64): bool {
  const series = seriesAddress(ref);
  if (series === 0) return false;
  const least = <i64>minTime;
  const greatest = <i64>maxTime;
  let version: u32 = 0;
  let newestChunk: usize = 0;
  let isFound = false;
  do {
    version = atomic.load<u32>(series, S_VERSION);
    if ((version & 1) !== 0) continue;
    const length = min(atomic.load<u32>(series, S_LENGTH), TAIL_MAX);
    newestChunk = atomic.load<u32>(series, S_CHUNK);
    isFound = copyNewest(reader, series, length, least, greatest);
    // As in `addSeries`.
    atomic.store<u32>(reader, 0, V_MORE);
  } while ((version & 1) !== 0 || atomic.load<u32>(series, S_VERSION) !== version);
  return isFound || readNewestOfChunks(reader, newestChunk, least, greatest);
}

/** The newest sample of the tail within the times; as `copyTail` it never reaches outside. */
function copyNewest(reader: usize, series: usize, length: u32, minTime: i64, maxTime: i64): bool {
  const tail = <usize>load<u32>(series, S_TAIL);
  const times = tailTimes(tail, min(<u32>load<u8>(series, S_CAPACITY), TAIL_MAX));
  const base = load<i64>(series, S_BASE);
  let to = <usize>length;
  while (to > 0 && base + load<u32>(times + ((to - 1) << 2)) > maxTime) to--;
  if (to === 0) return false;
  const time = base + load<u32>(times + ((to - 1) << 2));
  if (time < minTime) return false;
  store<f64>(<usize>load<u32>(reader, V_TIMES), <f64>time);
  store<u64>(<usize>load<u32>(reader, V_VALUES), load<u64>(tail + ((to - 1) << 3)));
  return true;
}

function readNewestOfChunks(reader: usize, newest: usize, minTime: i64, maxTime: i64): bool {
  const times = <usize>load<u32>(reader, V_TIMES);
  const values = <usize>load<u32>(reader, V_VALUES);
  for (let chunk = newest; chunk !== 0; chunk = atomic.load<u32>(chunk, C_PREVIOUS)) {
    const block = <usize>load<u32>(chunk, C_TIMES);
    if (load<i64>(block, T_LAST) < minTime) return false;
    if (load<i64>(block, T_FIRST) > maxTime) continue;
    store<u32>(reader, 0, V_LENGTH);
    readChunk(reader, chunk, minTime, maxTime);
    const length = <usize>load<u32>(reader, V_LENGTH);
    if (length === 0) continue;
    store<f64>(times, load<f64>(times + ((length - 1) << 3)));
    store<u64>(values, load<u64>(values + ((length - 1) << 3)));
    return true;
  }
  return false;
}

/**
 * Reads series `[from, count)` of the batch one after the other, the first from `resume` on, until
 * the columns are full or hold `limit` samples; the number of samples. `V_NEXT` is the series to go
 * on with, from `V_RESUME` on; `V_ENDS` has where each of those before it ends.
 */
export function readMany(
  reader: usize,
  from: u32,
  count: u32,
  minTime: f64,
  resume: f64,
  limit: u32,
): u32 {
  const refs = <usize>load<u32>(reader, V_REFS);
  const caps = <usize>load<u32>(reader, V_CAPS);
  const ends = <usize>load<u32>(reader, V_ENDS);
  store<u32>(reader, 0, V_LENGTH);
  let start = resume;
  let index = from;
  while (index < count && load<u32>(reader, V_LENGTH) < limit) {
    const cap = load<f64>(caps + ((<usize>index) << 3));
    // False for NaN too.
    if (cap >= start) {
      const before = load<u32>(reader, V_LENGTH);
      addSeries(reader, load<u32>(refs + ((<usize>index) << 2)), <i64>start, <i64>cap);
      if (load<u32>(reader, V_MORE) !== 0) {
        const length = <usize>load<u32>(reader, V_LENGTH);
        const last = <usize>load<u32>(reader, V_TIMES) + ((length - 1) << 3);
        store<f64>(reader, <u32>length === before ? start : load<f64>(last) + 1, V_RESUME);
        break;
      }
    }
    store<u32>(ends + ((<usize>index) << 2), load<u32>(reader, V_LENGTH));
    start = minTime;
    store<f64>(reader, minTime, V_RESUME);
    index++;
  }
  store<u32>(reader, index, V_NEXT);
  return load<u32>(reader, V_LENGTH);
}

/** Adds what the columns hold of a series; `V_MORE` says whether that is not all. */
function addSeries(reader: usize, ref: u32, minTime: i64, maxTime: i64): void {
  store<u32>(reader, 0, V_MORE);
  const series = seriesAddress(ref);
  if (series === 0) return;
  const room = load<u32>(reader, V_CAPACITY) - load<u32>(reader, V_LENGTH);
  let version: u32 = 0;
  let tailLength: u32 = 0;
  let newestChunk: usize = 0;
  let isAlone = false;
  do {
    version = atomic.load<u32>(series, S_VERSION);
    if ((version & 1) !== 0) continue;
    // Before the tail: what is packed meanwhile is then found in the tail, or the version moved.
    const length = min(atomic.load<u32>(series, S_LENGTH), TAIL_MAX);
    newestChunk = atomic.load<u32>(series, S_CHUNK);
    isAlone = room >= TAIL_MAX && (newestChunk === 0 || isBefore(newestChunk, minTime));
    tailLength = copyTail(reader, series, length, minTime, maxTime, isAlone);
    // Every load above comes before this store, and the one below after it.
    atomic.store<u32>(reader, 0, V_MORE);
  } while ((version & 1) !== 0 || atomic.load<u32>(series, S_VERSION) !== version);
  if (isAlone) {
    store<u32>(reader, load<u32>(reader, V_LENGTH) + tailLength, V_LENGTH);
    return;
  }
  readChunks(reader, newestChunk, minTime, maxTime);
  if (load<u32>(reader, V_MORE) === 0) addTail(reader, tailLength);
}

function isBefore(chunk: usize, time: i64): bool {
  return load<i64>(<usize>load<u32>(chunk, C_TIMES), T_LAST) < time;
}

/**
 * Copies what is wanted of the tail, to the end of the columns or aside; how many. The writer may
 * change all of it meanwhile: then the copy is of no use, but never reaches outside, as no tail is
 * longer than `TAIL_MAX`.
 */
function copyTail(
  reader: usize,
  series: usize,
  length: u32,
  minTime: i64,
  maxTime: i64,
  isAlone: bool,
): u32 {
  const tail = <usize>load<u32>(series, S_TAIL);
  const times = tailTimes(tail, min(<u32>load<u8>(series, S_CAPACITY), TAIL_MAX));
  const base = load<i64>(series, S_BASE);
  let to = <usize>length;
  while (to > 0 && base + load<u32>(times + ((to - 1) << 2)) > maxTime) to--;
  let from = to;
  if (to > 0 && base + load<u32>(times) >= minTime) from = 0;
  else while (from > 0 && base + load<u32>(times + ((from - 1) << 2)) >= minTime) from--;
  const offset = isAlone ? (<usize>load<u32>(reader, V_LENGTH)) << 3 : 0;
  const targetTimes = <usize>load<u32>(reader + (isAlone ? V_TIMES : V_TAIL_TIMES)) + offset;
  const targetValues = <usize>load<u32>(reader + (isAlone ? V_VALUES : V_TAIL_VALUES)) + offset;
  const count = to - from;
  for (let index: usize = 0; index < count; index++) {
    const time = base + load<u32>(times + ((from + index) << 2));
    store<f64>(targetTimes + (index << 3), <f64>time);
    store<u64>(targetValues + (index << 3), load<u64>(tail + ((from + index) << 3)));
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
  for (let index: u32 = 0; index < kept; index++) {
    const cell = chain + ((<usize>((found - 1 - index) & (READER_CHAIN - 1))) << 2);
    if (!readChunk(reader, load<u32>(cell), minTime, maxTime)) {
      store<u32>(reader, 1, V_MORE);
      return;
    }
  }
  if (found > READER_CHAIN) store<u32>(reader, 1, V_MORE);
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
