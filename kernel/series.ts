// Series: records, found by ref.

import {
  H_COMMIT,
  H_DIRECTORY,
  H_DIRECTORY_CAPACITY,
  H_SAMPLE_COUNT,
  H_SERIES_COUNT,
  KIND_SERIES,
  KIND_TAILS,
  C_PREVIOUS,
  NO_TIME,
  S_CHUNK,
  S_COMMIT,
  S_COMMIT_BEFORE,
  S_LIMIT,
  S_NEWEST,
  S_NEWEST_BEFORE,
  S_SAMPLES,
  S_TAIL,
  SERIES_BYTES,
  TAIL_STAGGER,
} from './layout.ts';
import { cellOf, countCells, PAGE_REFS, PAGE_REFS_BITS, reserveCell } from './directory.ts';
import { retire } from './epochs.ts';
import { retireChunk } from './head-chunks.ts';
import { forgetPlace } from './late-place.ts';
import { allocate } from './slab.ts';

/** The record of a series, 0 when there is none. Any thread may call it. */
export function seriesAddress(ref: u32): usize {
  const page = ref >> PAGE_REFS_BITS;
  // The capacity is read first: the directory that is read then has at least that many pages.
  if (page >= atomic.load<u32>(H_DIRECTORY_CAPACITY)) return 0;
  const directory = <usize>atomic.load<u32>(H_DIRECTORY);
  const refs = <usize>atomic.load<u32>(directory + ((<usize>page) << 2));
  if (refs === 0) return 0;
  return atomic.load<u32>(refs + ((<usize>(ref & (PAGE_REFS - 1))) << 2));
}

/** The same for the writing thread, which needs no ordering with itself. */
export function ownSeriesAddress(ref: u32): usize {
  const cell = cellOf(H_DIRECTORY, ref);
  return cell === 0 ? 0 : <usize>load<u32>(cell);
}

/** False when the slab is full. The series must not be there. */
export function createSeries(ref: u32): bool {
  const cell = reserveCell(H_DIRECTORY, ref);
  if (cell === 0) return false;
  const series = allocate(SERIES_BYTES, KIND_SERIES);
  if (series === 0) return false;
  memory.fill(series, 0, SERIES_BYTES);
  store<i64>(series, NO_TIME, S_NEWEST);
  store<i64>(series, NO_TIME, S_NEWEST_BEFORE);
  // As if the last finished commit had found it empty.
  const commit = load<u32>(H_COMMIT) & ~1;
  store<u32>(series, commit, S_COMMIT);
  store<u32>(series, commit, S_COMMIT_BEFORE);
  // A fixed shuffle of the ref: neighbours pack in different rounds.
  const stagger = (ref * 0x9e3779b1) >> 28;
  store<u8>(series, TAIL_STAGGER + 1 + stagger, S_LIMIT);
  // Visible to other threads from here on.
  atomic.store<u32>(cell, <u32>series);
  countCells(H_DIRECTORY, ref, 1);
  store<u32>(H_SERIES_COUNT, load<u32>(H_SERIES_COUNT) + 1);
  return true;
}

/** Forgets a series; readers that found it before still read it. */
export function removeSeries(ref: u32): void {
  const series = ownSeriesAddress(ref);
  if (series === 0) return;
  forgetPlace();
  atomic.store<u32>(cellOf(H_DIRECTORY, ref), 0);
  countCells(H_DIRECTORY, ref, -1);
  for (let chunk = <usize>load<u32>(series, S_CHUNK); chunk !== 0; ) {
    const previous = <usize>load<u32>(chunk, C_PREVIOUS);
    retireChunk(series, chunk);
    chunk = previous;
  }
  retire(load<u32>(series, S_TAIL), KIND_TAILS);
  store<u32>(H_SERIES_COUNT, load<u32>(H_SERIES_COUNT) - 1);
  store<u64>(H_SAMPLE_COUNT, load<u64>(H_SAMPLE_COUNT) - load<u32>(series, S_SAMPLES));
  retire(series, KIND_SERIES);
}
