// Series: records by ref. Refs are never used again, so the directory has two levels whose lower
// pages go when all of their series are gone.
//
//   directory -> page of 1,024 refs (page 0: refs 0 to 1,023) -> record

import {
  H_CHUNK_COUNT,
  H_DIRECTORY,
  H_DIRECTORY_CAPACITY,
  H_SAMPLE_COUNT,
  H_SERIES_COUNT,
  KIND_CHUNKS,
  KIND_DIRECTORY,
  KIND_SERIES,
  KIND_TAILS,
  C_PREVIOUS,
  NO_TIME,
  S_BASE,
  S_CAPACITY,
  S_CHUNK,
  S_CHUNK_COUNT,
  S_HINT,
  S_LENGTH,
  S_LIMIT,
  S_NEWEST,
  S_SAMPLES,
  S_SEEN,
  S_TAIL,
  S_VERSION,
  SERIES_BYTES,
  TAIL_STAGGER,
} from './layout.ts';
import { retire } from './epochs.ts';
import { releaseTimes } from './times.ts';
import { allocate } from './slab.ts';

const PAGE_REFS_BITS: u32 = 10;
const PAGE_REFS: u32 = 1 << PAGE_REFS_BITS;
/** The refs of a page, then how many are in use. */
const REF_PAGE_BYTES: usize = ((<usize>PAGE_REFS) << 2) + 16;
const USED: usize = (<usize>PAGE_REFS) << 2;
/** Pages that the directory has room for at first; it grows by doubling. */
const DIRECTORY_FIRST: u32 = 256;

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
  const page = ref >> PAGE_REFS_BITS;
  if (page >= load<u32>(H_DIRECTORY_CAPACITY)) return 0;
  const refs = <usize>load<u32>(<usize>load<u32>(H_DIRECTORY) + ((<usize>page) << 2));
  if (refs === 0) return 0;
  return load<u32>(refs + ((<usize>(ref & (PAGE_REFS - 1))) << 2));
}

/** False when the slab is full. The series must not be there. */
export function createSeries(ref: u32): bool {
  const cell = reserveCell(ref);
  if (cell === 0) return false;
  const series = allocate(SERIES_BYTES, KIND_SERIES);
  if (series === 0) return false;
  store<u32>(series, 0, S_VERSION);
  store<u32>(series, 0, S_LENGTH);
  store<u32>(series, 0, S_TAIL);
  store<u32>(series, 0, S_CHUNK);
  store<i64>(series, 0, S_BASE);
  store<i64>(series, NO_TIME, S_NEWEST);
  store<u8>(series, 0, S_CAPACITY);
  // A fixed shuffle of the ref: neighbours pack in different rounds.
  const stagger = (ref * 0x9e3779b1) >> 28;
  store<u8>(series, TAIL_STAGGER + 1 + stagger, S_LIMIT);
  store<u8>(series, 0, S_HINT);
  store<u32>(series, 0, S_CHUNK_COUNT);
  store<u32>(series, 0, S_SAMPLES);
  store<u32>(series, 0, S_SEEN);
  // Visible to other threads from here on.
  atomic.store<u32>(cell, <u32>series);
  countRefs(ref, 1);
  store<u32>(H_SERIES_COUNT, load<u32>(H_SERIES_COUNT) + 1);
  return true;
}

/** The cell of a ref in the directory, which is made to reach it; 0 when the slab is full. */
function reserveCell(ref: u32): usize {
  const page = ref >> PAGE_REFS_BITS;
  if (page >= load<u32>(H_DIRECTORY_CAPACITY) && !growDirectory(page + 1)) return 0;
  const slot = <usize>load<u32>(H_DIRECTORY) + ((<usize>page) << 2);
  let refs = <usize>load<u32>(slot);
  if (refs === 0) {
    refs = allocate(REF_PAGE_BYTES, KIND_DIRECTORY);
    if (refs === 0) return 0;
    memory.fill(refs, 0, REF_PAGE_BYTES);
    atomic.store<u32>(slot, <u32>refs);
  }
  return refs + ((<usize>(ref & (PAGE_REFS - 1))) << 2);
}

function growDirectory(pages: u32): bool {
  const capacity = load<u32>(H_DIRECTORY_CAPACITY);
  const wanted = max(max(pages, capacity * 2), DIRECTORY_FIRST);
  const directory = allocate((<usize>wanted) << 2, KIND_DIRECTORY);
  if (directory === 0) return false;
  const old = <usize>load<u32>(H_DIRECTORY);
  memory.fill(directory, 0, (<usize>wanted) << 2);
  memory.copy(directory, old, (<usize>capacity) << 2);
  atomic.store<u32>(H_DIRECTORY, <u32>directory);
  atomic.store<u32>(H_DIRECTORY_CAPACITY, wanted);
  retire(old, KIND_DIRECTORY);
  return true;
}

function countRefs(ref: u32, by: u32): void {
  const slot = <usize>load<u32>(H_DIRECTORY) + ((<usize>(ref >> PAGE_REFS_BITS)) << 2);
  const refs = <usize>load<u32>(slot);
  const used = load<u32>(refs + USED) + by;
  store<u32>(refs + USED, used);
  if (used !== 0) return;
  atomic.store<u32>(slot, 0);
  retire(refs, KIND_DIRECTORY);
}

/** Forgets a series; readers that found it before still read it. */
export function removeSeries(ref: u32): void {
  const series = ownSeriesAddress(ref);
  if (series === 0) return;
  const slot = <usize>load<u32>(H_DIRECTORY) + ((<usize>(ref >> PAGE_REFS_BITS)) << 2);
  atomic.store<u32>(<usize>load<u32>(slot) + ((<usize>(ref & (PAGE_REFS - 1))) << 2), 0);
  countRefs(ref, -1);
  for (let chunk = <usize>load<u32>(series, S_CHUNK); chunk !== 0; ) {
    const previous = <usize>load<u32>(chunk, C_PREVIOUS);
    retireChunk(chunk);
    chunk = previous;
  }
  retire(load<u32>(series, S_TAIL), KIND_TAILS);
  store<u32>(H_SERIES_COUNT, load<u32>(H_SERIES_COUNT) - 1);
  store<u64>(H_SAMPLE_COUNT, load<u64>(H_SAMPLE_COUNT) - load<u32>(series, S_SAMPLES));
  retire(series, KIND_SERIES);
}

/** Frees a chunk that nothing points to any more. */
export function retireChunk(chunk: usize): void {
  releaseTimes(chunk);
  retire(chunk, KIND_CHUNKS);
  store<u32>(H_CHUNK_COUNT, load<u32>(H_CHUNK_COUNT) - 1);
}
