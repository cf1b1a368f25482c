// Samples that go: by time from the old end, or out of the middle.

import {
  C_PREVIOUS,
  C_TIMES,
  H_SAMPLE_COUNT,
  NO_TIME,
  S_CAPACITY,
  S_CHUNK,
  S_LENGTH,
  S_NEWEST,
  S_SAMPLES,
  S_TAIL,
  T_COUNT,
} from './layout.ts';
import { lowerNewest, renewCommit } from './commits.ts';
import { firstOf, lastOf, newestSampleTime, tailTime } from './finds.ts';
import { retireChunk, unpackChunk } from './head-chunks.ts';
import { forgetPlace } from './late-place.ts';
import { writeChunks, writtenLink } from './rewrite.ts';
import { timesScratch, valuesScratch } from './scratch.ts';
import { ownSeriesAddress } from './series.ts';
import { beginChange, dropTail, endChange, tailTimes } from './tails.ts';

let isCutShort: bool = false;

/** Whether the last removal could not rewrite a chunk, as the slab was full. */
export function wasCutShort(): bool {
  return isCutShort;
}

/** Drops chunks, and the tail, that end before `time`; the number of samples that went. */
export function truncateSeries(series: usize, time: i64): u32 {
  renewCommit(series);
  return dropChunks(series, time, false);
}

/** See `Kernel.dropBefore`. */
export function dropBefore(ref: u32, time: f64): u32 {
  isCutShort = false;
  const series = ownSeriesAddress(ref);
  if (series === 0) return 0;
  renewCommit(series);
  return dropChunks(series, <i64>time, true);
}

/** Drops what ends before `time`, and in what does not what is before it if that is wanted. */
function dropChunks(series: usize, time: i64, isExact: bool): u32 {
  forgetPlace();
  let link = series + S_CHUNK;
  let chunk = <usize>load<u32>(link);
  while (chunk !== 0 && firstOf(chunk) >= time) {
    link = chunk + C_PREVIOUS;
    chunk = <usize>load<u32>(link);
  }
  let dropped: u32 = 0;
  if (chunk !== 0 && lastOf(chunk) >= time) {
    const previous = <usize>load<u32>(chunk, C_PREVIOUS);
    if (isExact) dropped = shortenOldest(series, link, chunk, time);
    // What is left of it ends the chain already; else it does so itself.
    link = dropped === 0 ? chunk + C_PREVIOUS : link;
    chunk = previous;
    if (dropped === 0 && chunk !== 0) atomic.store<u32>(link, 0);
  } else if (chunk !== 0) {
    atomic.store<u32>(link, 0);
  }
  while (chunk !== 0) {
    const previous = <usize>load<u32>(chunk, C_PREVIOUS);
    dropped += countOf(chunk);
    retireChunk(series, chunk);
    chunk = previous;
  }
  // After the chunks: who reads meanwhile finds no gap.
  const length = load<u32>(series, S_LENGTH);
  if (isExact || (length !== 0 && tailTime(series, length - 1) < time)) {
    dropped += removeFromTail(series, i64.MIN_VALUE, max(time, i64.MIN_VALUE + 1) - 1);
  }
  uncount(series, dropped);
  return dropped;
}

/** Puts what `chunk` holds from `time` on in its place, with nothing before it; what went. */
function shortenOldest(series: usize, link: usize, chunk: usize, time: i64): u32 {
  const count = unpackChunk(chunk);
  const kept = keepOthers(count, i64.MIN_VALUE, time - 1);
  if (writeChunks(series, link, chunk, 0, kept)) return count - kept;
  isCutShort = true;
  return 0;
}

/** See `Kernel.removeRange`; `histograms` is NaN for none. */
export function removeRange(ref: u32, minTime: f64, maxTime: f64, histograms: f64): u32 {
  isCutShort = false;
  const series = ownSeriesAddress(ref);
  if (series === 0) return 0;
  const removed = removeBetween(series, <i64>minTime, <i64>maxTime);
  const other = histograms === histograms ? <i64>histograms : NO_TIME;
  const newest = max(newestSampleTime(series), other);
  if (newest < load<i64>(series, S_NEWEST)) lowerNewest(series, newest);
  return removed;
}

function removeBetween(series: usize, minTime: i64, maxTime: i64): u32 {
  if (minTime > maxTime) return 0;
  forgetPlace();
  let removed = removeFromTail(series, minTime, maxTime);
  let link = series + S_CHUNK;
  for (;;) {
    const chunk = <usize>load<u32>(link);
    if (chunk === 0 || lastOf(chunk) < minTime) break;
    const previous = <usize>load<u32>(chunk, C_PREVIOUS);
    if (firstOf(chunk) > maxTime) {
      link = chunk + C_PREVIOUS;
    } else if (firstOf(chunk) >= minTime && lastOf(chunk) <= maxTime) {
      removed += countOf(chunk);
      atomic.store<u32>(link, <u32>previous);
      retireChunk(series, chunk);
    } else {
      const count = countOf(chunk);
      const kept = keepOthers(unpackChunk(chunk), minTime, maxTime);
      if (kept === count) {
        link = chunk + C_PREVIOUS;
      } else if (writeChunks(series, link, chunk, previous, kept)) {
        removed += count - kept;
        link = writtenLink;
      } else {
        isCutShort = true;
        link = chunk + C_PREVIOUS;
      }
    }
  }
  uncount(series, removed);
  return removed;
}

/** Leaves those of the first `count` scratch samples that are not within the times. */
function keepOthers(count: u32, minTime: i64, maxTime: i64): u32 {
  const times = timesScratch();
  const values = valuesScratch();
  let kept: usize = 0;
  for (let index: usize = 0; index < <usize>count; index++) {
    const time = load<f64>(times + (index << 3));
    if (<i64>time >= minTime && <i64>time <= maxTime) continue;
    store<f64>(times + (kept << 3), time);
    store<u64>(values + (kept << 3), load<u64>(values + (index << 3)));
    kept++;
  }
  return <u32>kept;
}

function removeFromTail(series: usize, minTime: i64, maxTime: i64): u32 {
  const length = load<u32>(series, S_LENGTH);
  let from: u32 = 0;
  while (from < length && tailTime(series, from) < minTime) from++;
  let to = from;
  while (to < length && tailTime(series, to) <= maxTime) to++;
  if (to !== from) shortenTail(series, from, to === length ? from : to);
  return to - from;
}

/** Keeps the samples before `from`, and those from `to` on when that is another. */
function shortenTail(series: usize, from: u32, to: u32): void {
  const length = load<u32>(series, S_LENGTH);
  const tail = <usize>load<u32>(series, S_TAIL);
  const times = tailTimes(tail, load<u8>(series, S_CAPACITY));
  const moved = to === from ? 0 : length - to;
  const target = <usize>from;
  const source = <usize>to;
  beginChange(series);
  memory.copy(tail + (target << 3), tail + (source << 3), (<usize>moved) << 3);
  memory.copy(times + (target << 2), times + (source << 2), (<usize>moved) << 2);
  atomic.store<u32>(series, from + moved, S_LENGTH);
  endChange(series);
}

function countOf(chunk: usize): u32 {
  return load<u32>(<usize>load<u32>(chunk, C_TIMES), T_COUNT);
}

function uncount(series: usize, removed: u32): void {
  store<u32>(series, load<u32>(series, S_SAMPLES) - removed, S_SAMPLES);
  store<u64>(H_SAMPLE_COUNT, load<u64>(H_SAMPLE_COUNT) - removed);
  if (load<u32>(series, S_SAMPLES) === 0 && load<u32>(series, S_TAIL) !== 0) dropTail(series);
}
