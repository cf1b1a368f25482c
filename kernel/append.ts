// The columns of a body, into the tails.

import {
  B_FAILED_AT,
  B_LATE,
  B_LATE_COUNT,
  B_LENGTH,
  B_OUTCOME_COUNTS,
  B_OUTCOMES,
  B_REFS,
  B_TIMES,
  B_VALUES,
  CONFLICT,
  DUPLICATE,
  FLAG_HISTOGRAMS,
  H_SAMPLE_COUNT,
  KIND_LISTS,
  LEFT,
  NO_ROOM,
  OUT_OF_BOUNDS,
  OUT_OF_ORDER,
  S_FLAGS,
  S_NEWEST,
  STATUS_NO_MEMORY,
  STATUS_OK,
  STORED,
  UNKNOWN_SERIES,
} from './layout.ts';
import { commitNow } from './commits.ts';
import { findSample, foundBits } from './finds.ts';
import { insertSample } from './late.ts';
import { ownSeriesAddress } from './series.ts';
import { growList } from './slab.ts';
import { appendNewest } from './tails.ts';

/** Times beyond this are not exact in the columns. */
const TIME_MAX: f64 = 9007199254740992.0;

/** See `KernelBody.append`; a negative window is none. */
export function append(body: usize, minTime: f64, maxTime: f64, windowMs: f64): u32 {
  const length = load<u32>(body, B_LENGTH);
  const refs = <usize>load<u32>(body, B_REFS);
  const times = <usize>load<u32>(body, B_TIMES);
  const values = <usize>load<u32>(body, B_VALUES);
  const outcomes = <usize>load<u32>(body, B_OUTCOMES);
  const oldest = max(minTime, -TIME_MAX);
  const newest = min(maxTime, TIME_MAX);
  memory.fill(body + B_OUTCOME_COUNTS, 0, 24);
  store<u32>(body, 0, B_LATE_COUNT);
  const window = <i64>min(max(windowMs, -1), TIME_MAX);
  const commit = commitNow();
  let stored: u32 = 0;
  for (let index: usize = 0; index < <usize>length; index++) {
    const time = load<f64>(times + (index << 3));
    let outcome = OUT_OF_BOUNDS;
    // False for NaN too.
    if (time >= oldest && time <= newest) {
      const series = ownSeriesAddress(load<u32>(refs + (index << 2)));
      const bits = load<u64>(values + (index << 3));
      if (series === 0) outcome = UNKNOWN_SERIES;
      else if (<i64>time > load<i64>(series, S_NEWEST)) {
        outcome = appendNewest(series, <i64>time, bits, commit) ? STORED : NO_ROOM;
      } else outcome = placeOld(series, <i64>time, bits, window);
    }
    if (outcome === STORED) {
      stored++;
    } else if (outcome === NO_ROOM || !noteRefused(body, <u32>index, outcome)) {
      store<u32>(body, <u32>index, B_FAILED_AT);
      finish(body, stored);
      return STATUS_NO_MEMORY;
    }
    store<u8>(outcomes + index, outcome === LEFT ? OUT_OF_ORDER : outcome);
  }
  finish(body, stored);
  return STATUS_OK;
}

function finish(body: usize, stored: u32): void {
  store<u32>(body, stored, B_OUTCOME_COUNTS);
  store<u64>(H_SAMPLE_COUNT, load<u64>(H_SAMPLE_COUNT) + stored);
}

/** Of a sample that is not newer than all of its series: an outcome, `LEFT` or `NO_ROOM`. */
export function placeOld(series: usize, time: i64, bits: u64, window: i64): u32 {
  if (window >= 0) {
    if (load<i64>(series, S_NEWEST) - time > window) return OUT_OF_ORDER;
    if ((<u32>load<u8>(series, S_FLAGS) & FLAG_HISTOGRAMS) !== 0) return LEFT;
    return insertSample(series, time, bits);
  }
  if (!findSample(series, time)) return LEFT;
  return foundBits === bits ? DUPLICATE : CONFLICT;
}

function noteRefused(body: usize, index: u32, outcome: u32): bool {
  const noted = outcome === LEFT ? OUT_OF_ORDER : outcome;
  const counter = body + B_OUTCOME_COUNTS + ((<usize>noted) << 2);
  store<u32>(counter, load<u32>(counter) + 1);
  return outcome !== LEFT || noteLate(body, index);
}

/** Lists a sample that is left to the caller; false when the slab is full. */
export function noteLate(body: usize, index: u32): bool {
  const count = load<u32>(body, B_LATE_COUNT);
  if (!growList(body + B_LATE, count + 1, count, 4, KIND_LISTS)) return false;
  store<u32>(<usize>load<u32>(body, B_LATE) + ((<usize>count) << 2), index);
  store<u32>(body, count + 1, B_LATE_COUNT);
  return true;
}
