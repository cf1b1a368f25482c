// Samples that were stored before, put back as chunks at once.

import {
  CHUNK_SAMPLES_MAX,
  H_SAMPLE_COUNT,
  S_CHUNK,
  S_COMMIT,
  S_NEWEST,
  S_SAMPLES,
  STATUS_MALFORMED,
  STATUS_NO_MEMORY,
  STATUS_OK,
} from './layout.ts';
import { commitNow, openNewest } from './commits.ts';
import { writeChunks } from './rewrite.ts';
import { timesScratch, valuesScratch } from './scratch.ts';
import { ownSeriesAddress } from './series.ts';
import { packTail } from './tails.ts';

/** Where `restoreSamples` finds times and values, `CHUNK_SAMPLES_MAX` at most. */
export function restoredTimes(): usize {
  return timesScratch();
}

export function restoredValues(): usize {
  return valuesScratch();
}

/**
 * Makes chunks of the first `count` samples there, newer than all of the series and ascending;
 * STATUS_MALFORMED where they are not, or there is no such series.
 */
export function restoreSamples(ref: u32, count: u32): u32 {
  const series = ownSeriesAddress(ref);
  if (series === 0 || count === 0 || count > CHUNK_SAMPLES_MAX) return STATUS_MALFORMED;
  const newest = load<i64>(series, S_NEWEST);
  const times = timesScratch();
  let before = newest === i64.MIN_VALUE ? -Infinity : <f64>newest;
  for (let index: usize = 0; index < <usize>count; index++) {
    const time = load<f64>(times + (index << 3));
    const isNewer = time > before && abs(time) <= 9007199254740992.0 && time === trunc(time);
    if (!isNewer) return STATUS_MALFORMED;
    before = time;
  }
  if (!packTail(series)) return STATUS_NO_MEMORY;
  const link = series + S_CHUNK;
  if (!writeChunks(series, link, 0, load<u32>(link), count)) return STATUS_NO_MEMORY;
  store<u32>(series, load<u32>(series, S_SAMPLES) + count, S_SAMPLES);
  store<u64>(H_SAMPLE_COUNT, load<u64>(H_SAMPLE_COUNT) + count);
  const commit = commitNow();
  if (load<u32>(series, S_COMMIT) !== commit) openNewest(series);
  store<i64>(series, <i64>before, S_NEWEST);
  atomic.store<u32>(series, commit, S_COMMIT);
  return STATUS_OK;
}
