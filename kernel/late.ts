// Samples that are not newer than all of their series, put where their times belong.

import {
  C_PREVIOUS,
  C_TIMES,
  CONFLICT,
  DUPLICATE,
  H_SAMPLE_COUNT,
  HEAD_CHUNK_MAX,
  NO_ROOM,
  OUT_OF_BOUNDS,
  S_BASE,
  S_CAPACITY,
  S_CHUNK,
  S_LENGTH,
  S_NEWEST,
  S_SAMPLES,
  S_TAIL,
  STORED,
  T_COUNT,
  UNKNOWN_SERIES,
} from './layout.ts';
import { commitNow } from './commits.ts';
import { firstOf, lastOf, tailTime } from './finds.ts';
import { unpackChunk } from './head-chunks.ts';
import { beginAtNewest, beginWalk, forgetChunk, rememberPlace, stepTo } from './late-place.ts';
import { writeChunks } from './rewrite.ts';
import { timesScratch, valuesScratch } from './scratch.ts';
import { ownSeriesAddress } from './series.ts';
import {
  appendNewest,
  beginChange,
  endChange,
  hasRoom,
  makeRoom,
  packTail,
  tailTimes,
} from './tails.ts';

/** The tail is larger, or is a chunk now. */
const LOOK_AGAIN: u32 = 254;

/** It takes a look at all chunks, from the newest on. */
const FROM_NEWEST: u32 = 253;

/** See `Kernel.insertLate`: an outcome, or `NO_ROOM`. */
export function insertLate(ref: u32, timestamp: f64, low: u32, high: u32): u32 {
  const series = ownSeriesAddress(ref);
  if (series === 0) return UNKNOWN_SERIES;
  // False for NaN too.
  if (!(abs(timestamp) <= 9007199254740992.0) || timestamp !== trunc(timestamp)) {
    return OUT_OF_BOUNDS;
  }
  const time = <i64>timestamp;
  const bits = <u64>low | ((<u64>high) << 32);
  const outcome =
    time > load<i64>(series, S_NEWEST)
      ? appendNewest(series, time, bits, commitNow())
        ? STORED
        : NO_ROOM
      : insertSample(series, time, bits);
  if (outcome === STORED) store<u64>(H_SAMPLE_COUNT, load<u64>(H_SAMPLE_COUNT) + 1);
  return outcome;
}

/**
 * Stores a sample that is not newer than the newest time of its series: STORED, DUPLICATE,
 * CONFLICT, or `NO_ROOM` when the slab is full.
 */
export function insertSample(series: usize, time: i64, bits: u64): u32 {
  let outcome = tryInsert(series, time, bits);
  while (outcome === LOOK_AGAIN) outcome = tryInsert(series, time, bits);
  return outcome;
}

function tryInsert(series: usize, time: i64, bits: u64): u32 {
  const chunk = <usize>load<u32>(series, S_CHUNK);
  if (chunk !== 0 && time <= lastOf(chunk)) return insertInChunks(series, time, bits);
  const length = load<u32>(series, S_LENGTH);
  let index = length;
  while (index > 0 && tailTime(series, index - 1) > time) index--;
  if (index > 0 && tailTime(series, index - 1) === time) {
    const stored = load<u64>(<usize>load<u32>(series, S_TAIL) + ((<usize>index - 1) << 3));
    return stored === bits ? DUPLICATE : CONFLICT;
  }
  if (!hasRoom(series, length)) return makeRoom(series) ? LOOK_AGAIN : NO_ROOM;
  if (insertInTail(series, length, index, time, bits)) return STORED;
  return packTail(series) ? LOOK_AGAIN : NO_ROOM;
}

/** False when the times would then be too far apart for the 32 bits they have. */
function insertInTail(series: usize, length: u32, index: u32, time: i64, bits: u64): bool {
  const base = load<i64>(series, S_BASE);
  const shift = length !== 0 && time < base ? base - time : 0;
  if (length !== 0) {
    const last = tailTime(series, length - 1);
    if (max(last, time) - min(base, time) > <i64>u32.MAX_VALUE) return false;
  }
  const tail = <usize>load<u32>(series, S_TAIL);
  const times = tailTimes(tail, load<u8>(series, S_CAPACITY));
  const valueAt = tail + ((<usize>index) << 3);
  const timeAt = times + ((<usize>index) << 2);
  const moved = <usize>(length - index);
  beginChange(series);
  if (shift !== 0) {
    for (let at = times; at < times + ((<usize>length) << 2); at += 4) {
      store<u32>(at, load<u32>(at) + <u32>shift);
    }
  }
  if (length === 0 || shift !== 0) store<i64>(series, time, S_BASE);
  memory.copy(valueAt + 8, valueAt, moved << 3);
  memory.copy(timeAt + 4, timeAt, moved << 2);
  store<u64>(valueAt, bits);
  store<u32>(timeAt, <u32>(time - load<i64>(series, S_BASE)));
  store<u32>(series, load<u32>(series, S_SAMPLES) + 1, S_SAMPLES);
  atomic.store<u32>(series, length + 1, S_LENGTH);
  endChange(series);
  return true;
}

/** Not newer than the newest chunk: into the chunk where it belongs, or between two. */
function insertInChunks(series: usize, time: i64, bits: u64): u32 {
  const near = beginWalk(series, time);
  if (near !== 0) {
    const outcome = insertFrom(series, near, time, bits);
    if (outcome !== FROM_NEWEST) return outcome;
    beginAtNewest(series);
  }
  return insertFrom(series, series + S_CHUNK, time, bits);
}

/** The same, looking from a link on that only newer chunks come before; or `FROM_NEWEST`. */
function insertFrom(series: usize, from: usize, time: i64, bits: u64): u32 {
  let newerLink: usize = 0;
  let link = from;
  let chunk = <usize>load<u32>(link);
  while (chunk !== 0 && firstOf(chunk) > time) {
    newerLink = link;
    link = chunk + C_PREVIOUS;
    stepTo(link);
    chunk = <usize>load<u32>(link);
  }
  if (chunk !== 0 && time <= lastOf(chunk)) return insertInChunk(series, link, chunk, time, bits);
  if (chunk !== 0 && hasRoomInChunk(chunk)) return insertInChunk(series, link, chunk, time, bits);
  // The link to the newer one is further back.
  if (newerLink === 0) return FROM_NEWEST;
  const newer = <usize>load<u32>(newerLink);
  if (hasRoomInChunk(newer)) return insertInChunk(series, newerLink, newer, time, bits);
  // Both are full: it begins a chunk of its own, as more may come.
  store<f64>(timesScratch(), <f64>time);
  store<u64>(valuesScratch(), bits);
  return finish(series, link, writeChunks(series, link, 0, chunk, 1));
}

function hasRoomInChunk(chunk: usize): bool {
  return load<u32>(<usize>load<u32>(chunk, C_TIMES), T_COUNT) < HEAD_CHUNK_MAX;
}

function insertInChunk(series: usize, link: usize, chunk: usize, time: i64, bits: u64): u32 {
  const count = unpackChunk(chunk);
  const times = timesScratch();
  const values = valuesScratch();
  let index = <usize>count;
  while (index > 0 && load<f64>(times + ((index - 1) << 3)) > <f64>time) index--;
  if (index > 0 && load<f64>(times + ((index - 1) << 3)) === <f64>time) {
    rememberPlace(series, link);
    return load<u64>(values + ((index - 1) << 3)) === bits ? DUPLICATE : CONFLICT;
  }
  const moved = (<usize>count - index) << 3;
  const timeAt = times + (index << 3);
  const valueAt = values + (index << 3);
  memory.copy(timeAt + 8, timeAt, moved);
  memory.copy(valueAt + 8, valueAt, moved);
  store<f64>(timeAt, <f64>time);
  store<u64>(valueAt, bits);
  const previous = <usize>load<u32>(chunk, C_PREVIOUS);
  forgetChunk(series, chunk);
  return finish(series, link, writeChunks(series, link, chunk, previous, count + 1));
}

function finish(series: usize, link: usize, isStored: bool): u32 {
  if (!isStored) return NO_ROOM;
  rememberPlace(series, link);
  store<u32>(series, load<u32>(series, S_SAMPLES) + 1, S_SAMPLES);
  return STORED;
}
