// Identities whose refs are series of another kernel: nothing here knows by itself when one of them
// is gone.

import { E_FINGERPRINT, E_REF, H_ENTRY_TOP, H_SEEN, KIND_LISTS } from './layout.ts';
import { cellOf, countCells, reserveCell } from './directory.ts';
import { entryAddress, removeEntry } from './identities.ts';
import { allocate, release } from './slab.ts';

/** A body that no owner has had lately. */
const LONG_AGO: u32 = 0xffffffff;

/** Where the last body that had the series is noted; 0 when the slab is full. */
export function reserveSeen(ref: u32): usize {
  const cell = reserveCell(H_SEEN, ref);
  if (cell !== 0 && load<u32>(cell) === 0) {
    store<u32>(cell, LONG_AGO);
    countCells(H_SEEN, ref, 1);
  }
  return cell;
}

/** The same, 0 when no tracked owner ever had the series. */
export function seenCell(ref: u32): usize {
  const cell = cellOf(H_SEEN, ref);
  return cell === 0 || load<u32>(cell) === 0 ? 0 : cell;
}

/** Room for the refs that are to be forgotten; 0 when the slab is full. */
export function reserveRefs(count: u32): usize {
  return allocate(max(<usize>count, 1) << 2, KIND_LISTS);
}

/**
 * Forgets all identities of the refs that were written to `list`, which it frees; how many went,
 * `u32.MAX_VALUE` when the slab is full.
 */
export function forgetRefs(list: usize, count: u32): u32 {
  // Open addresses, at most half full: one look into it for each identity there is.
  const bits = 33 - <u32>clz(max(count, 8));
  const bytes = (<usize>4) << bits;
  const set = allocate(bytes, KIND_LISTS);
  if (set === 0) {
    release(list, KIND_LISTS);
    return u32.MAX_VALUE;
  }
  memory.fill(set, 0, bytes);
  for (let index: usize = 0; index < <usize>count; index++) {
    const ref = load<u32>(list + (index << 2));
    store<u32>(slotOf(set, bits, ref), ref);
    if (seenCell(ref) === 0) continue;
    store<u32>(seenCell(ref), 0);
    countCells(H_SEEN, ref, -1);
  }
  const removed = removeAll(set, bits);
  release(set, KIND_LISTS);
  release(list, KIND_LISTS);
  return removed;
}

function removeAll(set: usize, bits: u32): u32 {
  const top = load<u32>(H_ENTRY_TOP);
  let removed: u32 = 0;
  for (let entry: u32 = 1; entry <= top; entry++) {
    const address = entryAddress(entry);
    if (load<u64>(address, E_FINGERPRINT) === 0) continue;
    const ref = load<u32>(address, E_REF);
    if (load<u32>(slotOf(set, bits, ref)) !== ref) continue;
    removeEntry(entry, address);
    removed++;
  }
  return removed;
}

/** Where a ref is in the set, or would be. */
function slotOf(set: usize, bits: u32, ref: u32): usize {
  const mask = (1 << bits) - 1;
  let slot = (ref * 0x9e3779b1) >> (32 - bits);
  let found = load<u32>(set + ((<usize>slot) << 2));
  while (found !== 0 && found !== ref) {
    slot = (slot + 1) & mask;
    found = load<u32>(set + ((<usize>slot) << 2));
  }
  return set + ((<usize>slot) << 2);
}
