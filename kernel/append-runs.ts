// The columns of a body, into the tails, series by series: what was stored before in some order is
// stored again, and each series is then touched once for many samples.

import {
  B_LATE_COUNT,
  B_LENGTH,
  B_ORDER,
  B_REFS,
  B_TIMES,
  B_VALUES,
  H_SAMPLE_COUNT,
  KIND_LISTS,
  LEFT,
  NO_ROOM,
  S_BASE,
  S_CAPACITY,
  S_COMMIT,
  S_LENGTH,
  S_LIMIT,
  S_NEWEST,
  S_SAMPLES,
  S_TAIL,
  STATUS_MALFORMED,
  STATUS_NO_MEMORY,
  STATUS_OK,
  STORED,
  TAIL_FIRST,
  TAIL_MAX,
} from './layout.ts';
import { noteLate, placeOld } from './append.ts';
import { commitNow, openNewest, publishLength } from './commits.ts';
import { ownSeriesAddress } from './series.ts';
import { allocate, growList, release } from './slab.ts';
import { growTail, packTail, tailTimes } from './tails.ts';

/**
 * Puts the samples of a body in order of their refs, those of one ref as they are; all refs are in
 * `[first, first + count)`. STATUS_NO_MEMORY when the slab is full; nothing has changed then.
 */
export function orderByRef(body: usize, first: u32, count: u32): u32 {
  const length = load<u32>(body, B_LENGTH);
  const refs = <usize>load<u32>(body, B_REFS);
  if (!growList(body + B_ORDER, length, 0, 4, KIND_LISTS)) return STATUS_NO_MEMORY;
  const bytes = (<usize>count + 1) << 2;
  const places = allocate(bytes, KIND_LISTS);
  if (places === 0) return STATUS_NO_MEMORY;
  memory.fill(places, 0, bytes);
  for (let index: usize = 0; index < <usize>length; index++) {
    const number = load<u32>(refs + (index << 2)) - first;
    if (number >= count) {
      release(places, KIND_LISTS);
      return STATUS_MALFORMED;
    }
    const place = places + ((<usize>number + 1) << 2);
    store<u32>(place, load<u32>(place) + 1);
  }
  for (let at = places + 4; at < places + bytes; at += 4) {
    store<u32>(at, load<u32>(at) + load<u32>(at - 4));
  }
  const order = <usize>load<u32>(body, B_ORDER);
  for (let index: usize = 0; index < <usize>length; index++) {
    const place = places + ((<usize>(load<u32>(refs + (index << 2)) - first)) << 2);
    const to = load<u32>(place);
    store<u32>(place, to + 1);
    store<u32>(order + ((<usize>to) << 2), <u32>index);
  }
  release(places, KIND_LISTS);
  return STATUS_OK;
}

/**
 * Appends samples `[from, to)` of the order, whose times are within bounds: each has the outcome
 * that `append` would have given it.
 */
export function appendRuns(body: usize, from: u32, to: u32, windowMs: f64): u32 {
  const refs = <usize>load<u32>(body, B_REFS);
  const order = <usize>load<u32>(body, B_ORDER);
  const window = <i64>min(max(windowMs, -1), 9007199254740992.0);
  store<u32>(body, 0, B_LATE_COUNT);
  stored = 0;
  let isDone = true;
  for (let at = from; at < to && isDone; ) {
    const ref = load<u32>(refs + ((<usize>load<u32>(order + ((<usize>at) << 2))) << 2));
    let end = at + 1;
    while (end < to) {
      if (load<u32>(refs + ((<usize>load<u32>(order + ((<usize>end) << 2))) << 2)) !== ref) break;
      end++;
    }
    const series = ownSeriesAddress(ref);
    if (series !== 0) isDone = appendSeries(body, series, at, end, window);
    at = end;
  }
  store<u64>(H_SAMPLE_COUNT, load<u64>(H_SAMPLE_COUNT) + stored);
  return isDone ? STATUS_OK : STATUS_NO_MEMORY;
}

let stored: u32 = 0;

/** The samples `[from, to)` of the order, all of one series. False when the slab is full. */
function appendSeries(body: usize, series: usize, from: u32, to: u32, window: i64): bool {
  const times = <usize>load<u32>(body, B_TIMES);
  const values = <usize>load<u32>(body, B_VALUES);
  const order = <usize>load<u32>(body, B_ORDER);
  for (let at = from; at < to; ) {
    const index = <usize>load<u32>(order + ((<usize>at) << 2));
    const time = <i64>load<f64>(times + (index << 3));
    if (time > load<i64>(series, S_NEWEST)) {
      const next = fillTail(body, series, at, to);
      if (next === at) return false;
      stored += next - at;
      at = next;
      continue;
    }
    const outcome = placeOld(series, time, load<u64>(values + (index << 3)), window);
    if (outcome === NO_ROOM) return false;
    if (outcome === STORED) stored++;
    else if (outcome === LEFT && !noteLate(body, <u32>index)) return false;
    at++;
  }
  return true;
}

/**
 * Appends samples from `from` on, the first of which is newer than all of the series, as long as
 * they ascend and the tail has room. Where it ended; `from` when the slab is full.
 */
function fillTail(body: usize, series: usize, from: u32, to: u32): u32 {
  const times = <usize>load<u32>(body, B_TIMES);
  const values = <usize>load<u32>(body, B_VALUES);
  const order = <usize>load<u32>(body, B_ORDER);
  const first = <i64>load<f64>(times + ((<usize>load<u32>(order + ((<usize>from) << 2))) << 3));
  if (!makeRoomFor(series, first, to - from)) return from;
  let length = load<u32>(series, S_LENGTH);
  if (length === 0) store<i64>(series, first, S_BASE);
  const commit = commitNow();
  if (load<u32>(series, S_COMMIT) !== commit) openNewest(series);
  const capacity = <u32>load<u8>(series, S_CAPACITY);
  const room = min(capacity, <u32>load<u8>(series, S_LIMIT));
  const tail = <usize>load<u32>(series, S_TAIL);
  const ownTimes = tailTimes(tail, capacity);
  const base = load<i64>(series, S_BASE);
  let newest = load<i64>(series, S_NEWEST);
  let at = from;
  for (; at < to && length < room; at++, length++) {
    const index = <usize>load<u32>(order + ((<usize>at) << 2));
    const time = <i64>load<f64>(times + (index << 3));
    if (time <= newest || time - base > <i64>u32.MAX_VALUE) break;
    store<u64>(tail + ((<usize>length) << 3), load<u64>(values + (index << 3)));
    store<u32>(ownTimes + ((<usize>length) << 2), <u32>(time - base));
    newest = time;
  }
  store<i64>(series, newest, S_NEWEST);
  store<u32>(series, load<u32>(series, S_SAMPLES) + (at - from), S_SAMPLES);
  publishLength(series, length, commit);
  return at;
}

/** Room for one sample at least, and as many of `count` as the tail may get. */
function makeRoomFor(series: usize, time: i64, count: u32): bool {
  let length = load<u32>(series, S_LENGTH);
  const limit = <u32>load<u8>(series, S_LIMIT);
  const isFar = length !== 0 && time - load<i64>(series, S_BASE) > <i64>u32.MAX_VALUE;
  if (length >= limit || isFar) {
    if (!packTail(series)) return false;
    length = 0;
  }
  const wanted = min(length + count, <u32>load<u8>(series, S_LIMIT));
  let capacity = max(<u32>load<u8>(series, S_CAPACITY), TAIL_FIRST);
  while (capacity < wanted && capacity < TAIL_MAX) capacity *= 2;
  return capacity === <u32>load<u8>(series, S_CAPACITY) || growTail(series, capacity);
}
