// The allocator: pages of 8 KiB in runs, and spans (one page each) of equal small blocks. One
// thread allocates and frees; what others may be reading goes through `retire` (epochs.ts).

import {
  H_FIRST_PAGE,
  H_FREE_PAGES,
  H_KIND_BYTES,
  H_KIND_COUNTS,
  H_PAGE_LIMIT,
  H_PAGE_MAP,
  H_PAGE_TOP,
  H_RUN_BINS,
  H_SPANS,
  PAGE_BITS,
  PAGE_BYTES,
  RUN_BINS,
  WASM_PAGE_BYTES,
} from './layout.ts';

// The page map has one record for each page.
//   +0 u8 state   +1 u8 size class (span)   +4 u32 pages of the run, at its first and last page
//   +8 u32 next   +12 u32 previous: in the bin of free runs, or among spans with free blocks
//   +16 u32 live blocks   +20 u32 first free block   +24 u32 where fresh blocks begin
const P_STATE: usize = 0;
const P_CLASS: usize = 1;
const P_PAGES: usize = 4;
const P_NEXT: usize = 8;
const P_PREVIOUS: usize = 12;
const P_LIVE: usize = 16;
const P_FREE: usize = 20;
const P_FRESH: usize = 24;
export const PAGE_RECORD_BITS: u32 = 5;

const STATE_UNUSED: u32 = 0;
const STATE_FREE: u32 = 1;
const STATE_LARGE: u32 = 2;
const STATE_SPAN: u32 = 3;

/** Blocks up to this size share a page with their like. */
const SMALL_MAX: usize = 1024;
/** Memory grows by at least this many of WebAssembly's pages: 1 MiB. */
const GROW_MIN: usize = 16;

function record(page: u32): usize {
  return <usize>load<u32>(H_PAGE_MAP) + ((<usize>page) << PAGE_RECORD_BITS);
}

/** Multiples of 16 up to 128 are a class each, then four to a doubling. */
function classOf(size: usize): u32 {
  if (size <= 128) return size === 0 ? 0 : <u32>((size - 1) >> 4);
  const last = <u32>size - 1;
  const exponent = 31 - clz(last);
  return 8 + ((exponent - 7) << 2) + ((last >> (exponent - 2)) & 3);
}

function classBytes(sizeClass: u32): usize {
  if (sizeClass < 8) return <usize>((sizeClass + 1) << 4);
  const doubling = (sizeClass - 8) >> 2;
  return <usize>((128 << doubling) + ((((sizeClass - 8) & 3) + 1) << (5 + doubling)));
}

/** Bytes that a block asked for with `size` takes. */
export function blockBytes(size: usize): usize {
  if (size <= SMALL_MAX) return classBytes(classOf(size));
  return (size + PAGE_BYTES - 1) & ~(PAGE_BYTES - 1);
}

/** A block of at least `size` bytes, holding anything; aligned to 16. 0 when the slab is full. */
export function allocate(size: usize, kind: u32): usize {
  const address = size <= SMALL_MAX ? allocateSmall(classOf(size)) : allocateLarge(size);
  if (address !== 0) account(kind, blockBytes(size), 1);
  return address;
}

/** Frees a block that was allocated with `kind`. Address 0 is nothing. */
export function release(address: usize, kind: u32): void {
  if (address === 0) return;
  const page = <u32>(address >> PAGE_BITS);
  const entry = record(page);
  if (load<u8>(entry, P_STATE) === STATE_SPAN) {
    const size = classBytes(load<u8>(entry, P_CLASS));
    account(kind, -size, -1);
    releaseSmall(page, entry, address, size);
  } else {
    const pages = load<u32>(entry, P_PAGES);
    account(kind, -((<usize>pages) << PAGE_BITS), -1);
    freePages(page, pages);
  }
}

function account(kind: u32, bytes: usize, count: u32): void {
  const offset = (<usize>kind) << 2;
  store<u32>(H_KIND_BYTES + offset, load<u32>(H_KIND_BYTES + offset) + <u32>bytes);
  store<u32>(H_KIND_COUNTS + offset, load<u32>(H_KIND_COUNTS + offset) + count);
}

/** Counts a block under another kind. */
export function accountAs(address: usize, from: u32, to: u32): void {
  const entry = record(<u32>(address >> PAGE_BITS));
  const bytes =
    load<u8>(entry, P_STATE) === STATE_SPAN
      ? classBytes(load<u8>(entry, P_CLASS))
      : (<usize>load<u32>(entry, P_PAGES)) << PAGE_BITS;
  account(from, -bytes, -1);
  account(to, bytes, 1);
}

function allocateSmall(sizeClass: u32): usize {
  const head = H_SPANS + ((<usize>sizeClass) << 2);
  let page = load<u32>(head);
  if (page === 0) {
    page = allocatePages(1);
    if (page === 0) return 0;
    const fresh = record(page);
    store<u8>(fresh, STATE_SPAN, P_STATE);
    store<u8>(fresh, sizeClass, P_CLASS);
    store<u32>(fresh, 0, P_LIVE);
    store<u32>(fresh, 0, P_FREE);
    store<u32>(fresh, page << PAGE_BITS, P_FRESH);
    link(head, page);
  }
  const entry = record(page);
  const size = classBytes(sizeClass);
  let address = <usize>load<u32>(entry, P_FREE);
  if (address !== 0) {
    store<u32>(entry, load<u32>(address), P_FREE);
  } else {
    address = load<u32>(entry, P_FRESH);
    store<u32>(entry, <u32>(address + size), P_FRESH);
  }
  store<u32>(entry, load<u32>(entry, P_LIVE) + 1, P_LIVE);
  if (isFull(page, entry, size)) unlink(head, page);
  return address;
}

function isFull(page: u32, entry: usize, size: usize): bool {
  if (load<u32>(entry, P_FREE) !== 0) return false;
  const end = ((<usize>page) << PAGE_BITS) + PAGE_BYTES;
  // Compared without adding to the address, which may be near 4 GiB.
  return end - load<u32>(entry, P_FRESH) < size;
}

function releaseSmall(page: u32, entry: usize, address: usize, size: usize): void {
  const head = H_SPANS + ((<usize>load<u8>(entry, P_CLASS)) << 2);
  const wasFull = isFull(page, entry, size);
  store<u32>(address, load<u32>(entry, P_FREE));
  store<u32>(entry, <u32>address, P_FREE);
  const live = load<u32>(entry, P_LIVE) - 1;
  store<u32>(entry, live, P_LIVE);
  if (wasFull) link(head, page);
  // One span stays, so that a block taken and given back again and again costs no page each time.
  if (live === 0 && (load<u32>(head) !== page || load<u32>(entry, P_NEXT) !== 0)) {
    unlink(head, page);
    freePages(page, 1);
  }
}

function allocateLarge(size: usize): usize {
  const pages = <u32>((<u64>size + PAGE_BYTES - 1) >> PAGE_BITS);
  return (<usize>allocatePages(pages)) << PAGE_BITS;
}

/** The first page of a run of that many, 0 for none. */
function allocatePages(pages: u32): u32 {
  const page = takeFreeRun(pages);
  if (page !== 0) return page;
  const top = load<u32>(H_PAGE_TOP);
  if (pages > load<u32>(H_PAGE_LIMIT) - top || !reserve(top + pages)) return 0;
  store<u32>(H_PAGE_TOP, top + pages);
  markLarge(top, pages);
  return top;
}

function markLarge(page: u32, pages: u32): void {
  const entry = record(page);
  // The last page too: the run behind it, when freed, looks there for a free neighbour.
  store<u8>(record(page + pages - 1), STATE_LARGE, P_STATE);
  store<u8>(entry, STATE_LARGE, P_STATE);
  store<u32>(entry, pages, P_PAGES);
}

/** Makes the memory reach to the end of page `end - 1`, and a guard page beyond. */
function reserve(end: u32): bool {
  const perWasmPage = WASM_PAGE_BYTES / PAGE_BYTES;
  const wanted = (<usize>end + perWasmPage) / perWasmPage;
  const now = <usize>memory.size();
  if (wanted <= now) return true;
  // An eighth more each time, so that views are not taken anew too often.
  const generous = max(max(wanted - now, GROW_MIN), now >> 3);
  return memory.grow(<i32>generous) >= 0 || memory.grow(<i32>(wanted - now)) >= 0;
}

function binOf(pages: u32): u32 {
  return min(31 - clz(pages), RUN_BINS - 1);
}

function takeFreeRun(pages: u32): u32 {
  for (let bin = binOf(pages); bin < RUN_BINS; bin++) {
    const head = H_RUN_BINS + ((<usize>bin) << 2);
    for (let page = load<u32>(head); page !== 0; page = load<u32>(record(page), P_NEXT)) {
      const length = load<u32>(record(page), P_PAGES);
      if (length < pages) continue;
      unlinkRun(page, length);
      if (length > pages) addFreeRun(page + pages, length - pages);
      markLarge(page, pages);
      return page;
    }
  }
  return 0;
}

/** Frees a run, joined with free neighbours; at the top it becomes fresh again. */
function freePages(start: u32, count: u32): void {
  let page = start;
  let pages = count;
  if (page > load<u32>(H_FIRST_PAGE)) {
    const before = record(page - 1);
    if (load<u8>(before, P_STATE) === STATE_FREE) {
      const length = load<u32>(before, P_PAGES);
      page -= length;
      pages += length;
      unlinkRun(page, length);
    }
  }
  const top = load<u32>(H_PAGE_TOP);
  if (page + pages < top) {
    const after = record(page + pages);
    if (load<u8>(after, P_STATE) === STATE_FREE) {
      const length = load<u32>(after, P_PAGES);
      unlinkRun(page + pages, length);
      pages += length;
    }
  }
  if (page + pages === top) {
    store<u8>(record(page), STATE_UNUSED, P_STATE);
    store<u32>(H_PAGE_TOP, page);
    return;
  }
  addFreeRun(page, pages);
}

function addFreeRun(page: u32, pages: u32): void {
  // First and last page carry the length, so that either neighbour finds it; pages within keep
  // whatever state they had, which nobody looks at.
  const entry = record(page);
  const last = record(page + pages - 1);
  store<u8>(entry, STATE_FREE, P_STATE);
  store<u32>(entry, pages, P_PAGES);
  store<u8>(last, STATE_FREE, P_STATE);
  store<u32>(last, pages, P_PAGES);
  link(H_RUN_BINS + ((<usize>binOf(pages)) << 2), page);
  store<u32>(H_FREE_PAGES, load<u32>(H_FREE_PAGES) + pages);
}

function unlinkRun(page: u32, pages: u32): void {
  unlink(H_RUN_BINS + ((<usize>binOf(pages)) << 2), page);
  store<u32>(H_FREE_PAGES, load<u32>(H_FREE_PAGES) - pages);
}

/** See `Kernel.headroomBytes`. */
export function headroomBytes(): usize {
  const fresh = load<u32>(H_PAGE_LIMIT) - load<u32>(H_PAGE_TOP);
  return (<usize>(fresh + load<u32>(H_FREE_PAGES))) << PAGE_BITS;
}

function link(head: usize, page: u32): void {
  const first = load<u32>(head);
  const entry = record(page);
  store<u32>(entry, first, P_NEXT);
  store<u32>(entry, 0, P_PREVIOUS);
  if (first !== 0) store<u32>(record(first), page, P_PREVIOUS);
  store<u32>(head, page);
}

function unlink(head: usize, page: u32): void {
  const entry = record(page);
  const next = load<u32>(entry, P_NEXT);
  const previous = load<u32>(entry, P_PREVIOUS);
  if (previous === 0) store<u32>(head, next);
  else store<u32>(record(previous), next, P_NEXT);
  if (next !== 0) store<u32>(record(next), previous, P_PREVIOUS);
}

/**
 * Makes the list at `field` (address, then capacity) hold at least `wanted` items of `itemBytes`,
 * keeping the `used` first ones. False when the slab is full.
 */
export function growList(field: usize, wanted: u32, used: u32, itemBytes: u32, kind: u32): bool {
  const capacity = load<u32>(field, 4);
  if (wanted <= capacity) return true;
  const doubled = max(max(wanted, 16), capacity <= 0x3fffffff ? capacity * 2 : capacity);
  const bytes = <u64>doubled * itemBytes;
  if (bytes > 0xf0000000) return false;
  const address = allocate(<usize>bytes, kind);
  if (address === 0) return false;
  const old = <usize>load<u32>(field);
  if (old !== 0) {
    memory.copy(address, old, <usize>used * itemBytes);
    release(old, kind);
  }
  store<u32>(field, <u32>address);
  store<u32>(field, doubled, 4);
  return true;
}
