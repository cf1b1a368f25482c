// Words by ref. Refs are never used again, so there are two levels, whose lower pages go when all
// of their words are 0 again.
//
//   directory -> page of 1,024 refs (page 0: refs 0 to 1,023) -> word
//
// A directory is known by where its address stands; its capacity in pages stands behind that.

import { KIND_DIRECTORY } from './layout.ts';
import { retire } from './epochs.ts';
import { allocate } from './slab.ts';

export const PAGE_REFS_BITS: u32 = 10;
export const PAGE_REFS: u32 = 1 << PAGE_REFS_BITS;
/** The words of a page, then how many are in use. */
const REF_PAGE_BYTES: usize = ((<usize>PAGE_REFS) << 2) + 16;
const USED: usize = (<usize>PAGE_REFS) << 2;
/** Pages that a directory has room for at first; it grows by doubling. */
const DIRECTORY_FIRST: u32 = 256;

/** Where the word of a ref is, 0 when there is none; the writing thread only. */
export function cellOf(field: usize, ref: u32): usize {
  const page = ref >> PAGE_REFS_BITS;
  if (page >= load<u32>(field, 4)) return 0;
  const refs = <usize>load<u32>(<usize>load<u32>(field) + ((<usize>page) << 2));
  return refs === 0 ? 0 : refs + ((<usize>(ref & (PAGE_REFS - 1))) << 2);
}

/** The same, made if need be; 0 when the slab is full. */
export function reserveCell(field: usize, ref: u32): usize {
  const page = ref >> PAGE_REFS_BITS;
  if (page >= load<u32>(field, 4) && !growDirectory(field, page + 1)) return 0;
  const slot = <usize>load<u32>(field) + ((<usize>page) << 2);
  let refs = <usize>load<u32>(slot);
  if (refs === 0) {
    refs = allocate(REF_PAGE_BYTES, KIND_DIRECTORY);
    if (refs === 0) return 0;
    memory.fill(refs, 0, REF_PAGE_BYTES);
    atomic.store<u32>(slot, <u32>refs);
  }
  return refs + ((<usize>(ref & (PAGE_REFS - 1))) << 2);
}

function growDirectory(field: usize, pages: u32): bool {
  const capacity = load<u32>(field, 4);
  const wanted = max(max(pages, capacity * 2), DIRECTORY_FIRST);
  const directory = allocate((<usize>wanted) << 2, KIND_DIRECTORY);
  if (directory === 0) return false;
  const old = <usize>load<u32>(field);
  memory.fill(directory, 0, (<usize>wanted) << 2);
  memory.copy(directory, old, (<usize>capacity) << 2);
  atomic.store<u32>(field, <u32>directory);
  atomic.store<u32>(field, wanted, 4);
  retire(old, KIND_DIRECTORY);
  return true;
}

/** Counts a word that came into use or (-1) is 0 again. */
export function countCells(field: usize, ref: u32, by: u32): void {
  const slot = <usize>load<u32>(field) + ((<usize>(ref >> PAGE_REFS_BITS)) << 2);
  const refs = <usize>load<u32>(slot);
  const used = load<u32>(refs + USED) + by;
  store<u32>(refs + USED, used);
  if (used !== 0) return;
  atomic.store<u32>(slot, 0);
  retire(refs, KIND_DIRECTORY);
}
