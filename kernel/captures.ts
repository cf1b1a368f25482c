// What a reader asks about series without reading them, on any thread.

import {
  C_PREVIOUS,
  C_TIMES,
  NO_TIME,
  S_CHUNK,
  S_COMMIT,
  S_COMMIT_BEFORE,
  S_FLAGS,
  S_LENGTH,
  S_NEWEST,
  S_NEWEST_BEFORE,
  S_VERSION,
  T_COUNT,
  T_FIRST,
  T_LAST,
  V_CAPS,
  V_MORE,
  V_REFS,
} from './layout.ts';
import { seriesAddress } from './series.ts';

/** Whatever is there: no commit has an odd number. */
const ANY_COMMIT: u32 = 0xffffffff;
/** Neither of the two last commits is one that the reader is to see. */
const TOO_NEW: i64 = i64.MAX_VALUE;

/** See `KernelReader.capture`; of the first `count` refs of the batch. */
export function capture(reader: usize, count: u32, commit: u32, minTime: f64): bool {
  const refs = <usize>load<u32>(reader, V_REFS);
  const caps = <usize>load<u32>(reader, V_CAPS);
  for (let index: usize = 0; index < <usize>count; index++) {
    const series = seriesAddress(load<u32>(refs + (index << 2)));
    const newest = series === 0 ? NO_TIME : newestVisible(series, commit);
    if (newest === TOO_NEW) return false;
    const isWanted = newest !== NO_TIME && <f64>newest >= minTime;
    store<f64>(caps + (index << 3), isWanted ? <f64>newest : NaN);
  }
  return true;
}

function newestVisible(series: usize, commit: u32): i64 {
  let last: u32 = 0;
  let before: u32 = 0;
  let newest: i64 = 0;
  let newestBefore: i64 = 0;
  do {
    // Atomic all of them: none is then loaded before the one above it.
    last = atomic.load<u32>(series, S_COMMIT);
    newest = atomic.load<i64>(series, S_NEWEST);
    newestBefore = atomic.load<i64>(series, S_NEWEST_BEFORE);
    before = atomic.load<u32>(series, S_COMMIT_BEFORE);
  } while ((last & 1) !== 0 || atomic.load<u32>(series, S_COMMIT) !== last);
  // Differences wrap, as the numbers do.
  if (commit === ANY_COMMIT || <i32>(last - commit) <= 0) return newest;
  return <i32>(before - commit) <= 0 ? newestBefore : TOO_NEW;
}

/** See `KernelReader.count`. */
export function countSamples(reader: usize, ref: u32, minTime: f64, maxTime: f64): u32 {
  const series = seriesAddress(ref);
  if (series === 0) return 0;
  let version: u32 = 0;
  let count: u32 = 0;
  let chunk: usize = 0;
  do {
    version = atomic.load<u32>(series, S_VERSION);
    count = atomic.load<u32>(series, S_LENGTH);
    chunk = atomic.load<u32>(series, S_CHUNK);
    atomic.store<u32>(reader, 0, V_MORE);
  } while ((version & 1) !== 0 || atomic.load<u32>(series, S_VERSION) !== version);
  for (; chunk !== 0; chunk = atomic.load<u32>(chunk, C_PREVIOUS)) {
    const times = <usize>load<u32>(chunk, C_TIMES);
    if (<f64>load<i64>(times, T_LAST) < minTime) break;
    if (<f64>load<i64>(times, T_FIRST) <= maxTime) count += load<u32>(times, T_COUNT);
  }
  return count;
}

/** See `Kernel.flags`. */
export function seriesFlags(ref: u32): u32 {
  const series = seriesAddress(ref);
  return series === 0 ? 0 : <u32>load<u8>(series, S_FLAGS);
}
