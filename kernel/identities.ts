// Identities: the bytes with which a sender names a series, by fingerprint, and their refs.
//
// Slots are open addresses with linear probing, at most two thirds full: u32 tag (low bits of the
// fingerprint), u32 entry. Entries live in pages of 256 that never move.

import {
  DROPPED_REF,
  E_FINGERPRINT,
  E_LENGTH,
  E_NEXT,
  E_REF,
  E_SEEN,
  ENTRIES_PER_PAGE_BITS,
  ENTRY_BITS,
  H_ENTRY_FREE,
  H_ENTRY_PAGES,
  H_ENTRY_TOP,
  H_FOREIGN,
  H_IDENTITY_COUNT,
  H_PASS,
  H_SLOT_MASK,
  H_SLOTS,
  H_SWEEP_NEXT,
  KIND_IDENTITIES,
  KIND_SLOTS,
  PAGE_BYTES,
} from './layout.ts';
import { fingerprintHigh, fingerprintLow, setFingerprint } from './fingerprint.ts';
import { allocate, growList, release } from './slab.ts';
import { ownSeriesAddress } from './series.ts';

const SLOTS_FIRST: u32 = 1024;
const PAGE_MASK: u32 = (1 << ENTRIES_PER_PAGE_BITS) - 1;

/** False when the slab is full. */
export function setUpIdentities(): bool {
  const slots = allocate((<usize>SLOTS_FIRST) << 3, KIND_SLOTS);
  if (slots === 0) return false;
  memory.fill(slots, 0, (<usize>SLOTS_FIRST) << 3);
  store<u32>(H_SLOTS, <u32>slots);
  store<u32>(H_SLOT_MASK, SLOTS_FIRST - 1);
  // Entry 0 stands for none; it is there so that what follows "none" can be read and written.
  if (!addEntryPage(0)) return false;
  memory.fill(entryAddress(0), 0, 1 << ENTRY_BITS);
  return true;
}

export function entryAddress(entry: u32): usize {
  const pages = <usize>load<u32>(H_ENTRY_PAGES);
  const page = <usize>load<u32>(pages + ((<usize>(entry >> ENTRIES_PER_PAGE_BITS)) << 2));
  return page + ((<usize>(entry & PAGE_MASK)) << ENTRY_BITS);
}

/** Whether the entry has the fingerprint that was made last. */
export function isFingerprinted(address: usize): bool {
  return (
    load<u64>(address, E_FINGERPRINT) === fingerprintLow &&
    load<u64>(address, E_FINGERPRINT + 8) === fingerprintHigh
  );
}

/** The entry with the fingerprint that was made last, 0 for none. */
export function probe(): u32 {
  const slots = <usize>load<u32>(H_SLOTS);
  const mask = load<u32>(H_SLOT_MASK);
  const tag = <u32>fingerprintLow;
  let slot = tag & mask;
  let found = load<u64>(slots + ((<usize>slot) << 3));
  while (found !== 0) {
    const entry = <u32>(found >> 32);
    if (<u32>found === tag && isFingerprinted(entryAddress(entry))) return entry;
    slot = (slot + 1) & mask;
    found = load<u64>(slots + ((<usize>slot) << 3));
  }
  return 0;
}

/** Whether the series an entry stands for can still take samples, or is to be dropped. */
export function isAlive(ref: u32): bool {
  return ref === DROPPED_REF || load<u32>(H_FOREIGN) !== 0 || ownSeriesAddress(ref) !== 0;
}

/**
 * The entry for `low` and `high`, made if need be, standing for `ref` from now on. 0 when the slab
 * is full.
 */
export function insert(low: u64, high: u64, length: u32, ref: u32): u32 {
  setFingerprint(low, high);
  let entry = probe();
  if (entry === 0) {
    if (!reserveSlot()) return 0;
    entry = takeEntry();
    if (entry === 0) return 0;
    place(load<u32>(H_SLOTS), load<u32>(H_SLOT_MASK), <u32>low, entry);
    store<u32>(H_IDENTITY_COUNT, load<u32>(H_IDENTITY_COUNT) + 1);
    const address = entryAddress(entry);
    store<u64>(address, low, E_FINGERPRINT);
    store<u64>(address, high, E_FINGERPRINT + 8);
    store<u32>(address, 0, E_NEXT);
    store<u32>(address, length, E_LENGTH);
  }
  const address = entryAddress(entry);
  store<u32>(address, ref, E_REF);
  store<u32>(address, load<u32>(H_PASS), E_SEEN);
  return entry;
}

/** Room for one slot more, rehashing into twice the slots when two thirds are taken. */
function reserveSlot(): bool {
  const mask = load<u32>(H_SLOT_MASK);
  if ((<u64>load<u32>(H_IDENTITY_COUNT) + 1) * 3 <= (<u64>mask + 1) * 2) return true;
  const doubled = (mask + 1) * 2;
  const bytes = (<usize>doubled) << 3;
  const slots = allocate(bytes, KIND_SLOTS);
  if (slots === 0) return false;
  memory.fill(slots, 0, bytes);
  const old = <usize>load<u32>(H_SLOTS);
  const end = old + ((<usize>mask + 1) << 3);
  for (let slot = old; slot < end; slot += 8) {
    const found = load<u64>(slot);
    if (found !== 0) place(slots, doubled - 1, <u32>found, <u32>(found >> 32));
  }
  store<u32>(H_SLOTS, <u32>slots);
  store<u32>(H_SLOT_MASK, doubled - 1);
  release(old, KIND_SLOTS);
  return true;
}

function place(slots: usize, mask: u32, tag: u32, entry: u32): void {
  let slot = tag & mask;
  while (load<u32>(slots + ((<usize>slot) << 3), 4) !== 0) slot = (slot + 1) & mask;
  store<u64>(slots + ((<usize>slot) << 3), <u64>tag | ((<u64>entry) << 32));
}

function takeEntry(): u32 {
  const free = load<u32>(H_ENTRY_FREE);
  if (free !== 0) {
    store<u32>(H_ENTRY_FREE, load<u32>(entryAddress(free), E_NEXT));
    return free;
  }
  const entry = load<u32>(H_ENTRY_TOP) + 1;
  if ((entry & PAGE_MASK) === 0 && !addEntryPage(entry >> ENTRIES_PER_PAGE_BITS)) return 0;
  store<u32>(H_ENTRY_TOP, entry);
  return entry;
}

function addEntryPage(page: u32): bool {
  if (!growList(H_ENTRY_PAGES, page + 1, page, 4, KIND_IDENTITIES)) return false;
  const address = allocate(PAGE_BYTES, KIND_IDENTITIES);
  if (address === 0) return false;
  store<u32>(<usize>load<u32>(H_ENTRY_PAGES) + ((<usize>page) << 2), <u32>address);
  return true;
}

/** Forgets an identity. */
export function removeEntry(entry: u32, address: usize): void {
  const slots = <usize>load<u32>(H_SLOTS);
  const mask = load<u32>(H_SLOT_MASK);
  let hole = load<u32>(address, E_FINGERPRINT) & mask;
  while (load<u32>(slots + ((<usize>hole) << 3), 4) !== entry) hole = (hole + 1) & mask;
  // What follows moves up, unless that put it before its own place.
  for (let slot = (hole + 1) & mask; ; slot = (slot + 1) & mask) {
    const found = load<u64>(slots + ((<usize>slot) << 3));
    if (found === 0) break;
    const home = <u32>found & mask;
    if (((slot - home) & mask) < ((slot - hole) & mask)) continue;
    store<u64>(slots + ((<usize>hole) << 3), found);
    hole = slot;
  }
  store<u64>(slots + ((<usize>hole) << 3), 0);
  store<u64>(address, 0, E_FINGERPRINT);
  store<u64>(address, 0, E_FINGERPRINT + 8);
  store<u32>(address, 0, E_SEEN);
  store<u32>(address, load<u32>(H_ENTRY_FREE), E_NEXT);
  store<u32>(H_ENTRY_FREE, entry);
  store<u32>(H_IDENTITY_COUNT, load<u32>(H_IDENTITY_COUNT) - 1);
}

/** See `Kernel.sweepIdentities`. */
export function sweepIdentities(count: u32, keepBodies: u32): u32 {
  const top = load<u32>(H_ENTRY_TOP);
  const pass = load<u32>(H_PASS);
  let entry = load<u32>(H_SWEEP_NEXT);
  let removed: u32 = 0;
  for (let looked: u32 = 0; looked < count && looked < top; looked++) {
    entry = entry >= top ? 1 : entry + 1;
    const address = entryAddress(entry);
    if (load<u64>(address, E_FINGERPRINT) === 0) continue;
    if (pass - load<u32>(address, E_SEEN) <= keepBodies && isAlive(load<u32>(address, E_REF))) {
      continue;
    }
    removeEntry(entry, address);
    removed++;
  }
  store<u32>(H_SWEEP_NEXT, entry);
  return removed;
}
