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
  H_SAMPLE_COUNT,
  KIND_LISTS,
  OUT_OF_BOUNDS,
  OUT_OF_ORDER,
  S_LENGTH,
  S_NEWEST,
  S_TAIL,
  STATUS_NO_MEMORY,
  STATUS_OK,
  STORED,
  UNKNOWN_SERIES,
} from './layout.ts';
import { ownSeriesAddress } from './series.ts';
import { growList } from './slab.ts';
import { appendNewest, findSample, foundBits } from './tails.ts';

/** Times beyond this are not exact in the columns. */
const TIME_MAX: f64 = 9007199254740992.0;

/** What `appendSample` returns when the slab is full. */
const NO_ROOM: u32 = 255;

/** See `KernelBody.append`. */
export function append(body: usize, minTime: f64, maxTime: f64): u32 {
  const length = load<u32>(body, B_LENGTH);
  const refs = <usize>load<u32>(body, B_REFS);
  const times = <usize>load<u32>(body, B_TIMES);
  const values = <usize>load<u32>(body, B_VALUES);
  const outcomes = <usize>load<u32>(body, B_OUTCOMES);
  const oldest = max(minTime, -TIME_MAX);
  const newest = min(maxTime, TIME_MAX);
  memory.fill(body + B_OUTCOME_COUNTS, 0, 24);
  store<u32>(body, 0, B_LATE_COUNT);
  let stored: u32 = 0;
  for (let index: usize = 0; index < <usize>length; index++) {
    const time = load<f64>(times + (index << 3));
    let outcome = OUT_OF_BOUNDS;
    // False for NaN too.
    if (time >= oldest && time <= newest) {
      const series = ownSeriesAddress(load<u32>(refs + (index << 2)));
      outcome =
        series === 0
          ? UNKNOWN_SERIES
          : appendSample(series, <i64>time, load<u64>(values + (index << 3)));
    }
    if (outcome === STORED) {
      stored++;
    } else if (outcome === NO_ROOM || !noteRefused(body, <u32>index, outcome)) {
      store<u32>(body, <u32>index, B_FAILED_AT);
      finish(body, stored);
      return STATUS_NO_MEMORY;
    }
    store<u8>(outcomes + index, outcome);
  }
  finish(body, stored);
  return STATUS_OK;
}

function finish(body: usize, stored: u32): void {
  store<u32>(body, stored, B_OUTCOME_COUNTS);
  store<u64>(H_SAMPLE_COUNT, load<u64>(H_SAMPLE_COUNT) + stored);
}

function appendSample(series: usize, time: i64, bits: u64): u32 {
  const newest = load<i64>(series, S_NEWEST);
  if (time > newest) return appendNewest(series, time, bits) ? STORED : NO_ROOM;
  if (time === newest && load<u32>(series, S_LENGTH) !== 0) {
    const last = <usize>load<u32>(series, S_LENGTH) - 1;
    const stored = load<u64>(<usize>load<u32>(series, S_TAIL) + (last << 3));
    return stored === bits ? DUPLICATE : CONFLICT;
  }
  if (!findSample(series, time)) return OUT_OF_ORDER;
  return foundBits === bits ? DUPLICATE : CONFLICT;
}

function noteRefused(body: usize, index: u32, outcome: u32): bool {
  const counter = body + B_OUTCOME_COUNTS + ((<usize>outcome) << 2);
  store<u32>(counter, load<u32>(counter) + 1);
  if (outcome !== OUT_OF_ORDER) return true;
  const count = load<u32>(body, B_LATE_COUNT);
  if (!growList(body + B_LATE, count + 1, count, 4, KIND_LISTS)) return false;
  store<u32>(<usize>load<u32>(body, B_LATE) + ((<usize>count) << 2), index);
  store<u32>(body, count + 1, B_LATE_COUNT);
  return true;
}
