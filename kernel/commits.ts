// Commits: which samples belong together. A series knows the last two commits that gave it a newest
// time, so that a reader can tell up to where the commits it is to see have come.
//
// The newest time and what belongs to it change while S_COMMIT is odd; the store that makes it even
// again also publishes the length of the tail, as both are 8 bytes.

import {
  FLAG_HISTOGRAMS,
  H_COMMIT,
  S_COMMIT,
  S_COMMIT_BEFORE,
  S_FLAGS,
  S_LENGTH,
  S_NEWEST,
  S_NEWEST_BEFORE,
} from './layout.ts';
import { ownSeriesAddress } from './series.ts';

/** Series whose last commit is further back are given a newer number, before numbers wrap. */
const RENEWED_AFTER: i32 = 1 << 29;
const RENEWED_BY: u32 = 1 << 28;

/** See `Kernel.beginCommit`. */
export function beginCommit(): void {
  atomic.store<u32>(H_COMMIT, load<u32>(H_COMMIT) | 1);
  // What is stored in the commit must not be seen before it has begun.
  atomic.load<u32>(H_COMMIT);
}

/** See `Kernel.endCommit`. */
export function endCommit(): void {
  atomic.store<u32>(H_COMMIT, commitNow());
}

/** The commit that what is stored now belongs to; the last finished one when none is under way. */
export function commitNow(): u32 {
  return (load<u32>(H_COMMIT) + 1) & ~1;
}

/** Keeps what the newest time was before this commit. `publishLength` or `closeNewest` follows. */
export function openNewest(series: usize): void {
  const before = load<u32>(series, S_COMMIT);
  atomic.store<u32>(series, before | 1, S_COMMIT);
  atomic.load<u32>(series, S_COMMIT);
  store<u32>(series, before, S_COMMIT_BEFORE);
  store<i64>(series, load<i64>(series, S_NEWEST), S_NEWEST_BEFORE);
}

/** Makes the samples of the tail and the newest time be seen. */
export function publishLength(series: usize, length: u32, commit: u32): void {
  atomic.store<u64>(series, <u64>length | ((<u64>commit) << 32), S_LENGTH);
}

/** Makes a newer time the newest one; see `Kernel.touchSeries`. */
export function touchSeries(ref: u32, timestamp: f64): void {
  const series = ownSeriesAddress(ref);
  const time = <i64>timestamp;
  if (series === 0 || !(timestamp === timestamp) || time <= load<i64>(series, S_NEWEST)) return;
  const commit = commitNow();
  if (load<u32>(series, S_COMMIT) !== commit) openNewest(series);
  store<i64>(series, time, S_NEWEST);
  atomic.store<u32>(series, commit, S_COMMIT);
}

/** Puts an older time in place of the newest one. */
export function lowerNewest(series: usize, newest: i64): void {
  const commit = load<u32>(series, S_COMMIT);
  atomic.store<u32>(series, commit | 1, S_COMMIT);
  atomic.load<u32>(series, S_COMMIT);
  store<i64>(series, newest, S_NEWEST);
  store<i64>(series, min(load<i64>(series, S_NEWEST_BEFORE), newest), S_NEWEST_BEFORE);
  atomic.store<u32>(series, commit, S_COMMIT);
}

/** Keeps the numbers of a series that is long idle from looking like those of commits to come. */
export function renewCommit(series: usize): void {
  const now = commitNow();
  if (<i32>(now - load<u32>(series, S_COMMIT)) < RENEWED_AFTER) return;
  atomic.store<u32>(series, load<u32>(series, S_COMMIT) | 1, S_COMMIT);
  atomic.load<u32>(series, S_COMMIT);
  store<u32>(series, now - RENEWED_BY, S_COMMIT_BEFORE);
  store<i64>(series, load<i64>(series, S_NEWEST), S_NEWEST_BEFORE);
  atomic.store<u32>(series, now - RENEWED_BY, S_COMMIT);
}

/** See `Kernel.setHistogramFlag`. */
export function setHistogramFlag(ref: u32, isSet: bool): void {
  const series = ownSeriesAddress(ref);
  if (series === 0) return;
  const others = <u32>load<u8>(series, S_FLAGS) & ~FLAG_HISTOGRAMS;
  store<u8>(series, others | (isSet ? FLAG_HISTOGRAMS : 0), S_FLAGS);
}
