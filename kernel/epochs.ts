// Memory that other threads may be reading. A reader writes the epoch it began in to its slot; the
// writer frees a retired block when every reader under way began after the block was unlinked.

import {
  H_EPOCH,
  H_READER_SLOTS,
  H_RETIRED_FIRST,
  H_RETIRED_LAST,
  KIND_RETIRED,
  READER_SLOTS,
} from './layout.ts';
import { accountAs, allocate, release } from './slab.ts';

// Retired blocks wait in a list of nodes, oldest first:
//   +0 u32 next   +4 u32 first item   +8 u32 items   +16 items of address and epoch
const N_NEXT: usize = 0;
const N_FIRST: usize = 4;
const N_COUNT: usize = 8;
const N_ITEMS: usize = 16;
const NODE_ITEMS: u32 = 126;
const NODE_BYTES: usize = 1024;

/**
 * Frees `address`, which nothing points to any more, once no reader can be looking at it. In a full
 * slab, where there is no room to remember it, that is at once if nobody reads; else it stays taken
 * for good, which wastes but never harms.
 */
export function retire(address: usize, kind: u32): void {
  if (address === 0) return;
  accountAs(address, kind, KIND_RETIRED);
  let node = <usize>load<u32>(H_RETIRED_LAST);
  if (node === 0 || load<u32>(node, N_COUNT) === NODE_ITEMS) {
    const fresh = allocate(NODE_BYTES, KIND_RETIRED);
    if (fresh === 0) {
      reclaim();
      if (oldestRead() === NO_READ) release(address, KIND_RETIRED);
      return;
    }
    store<u32>(fresh, 0, N_NEXT);
    store<u32>(fresh, 0, N_FIRST);
    store<u32>(fresh, 0, N_COUNT);
    if (node === 0) store<u32>(H_RETIRED_FIRST, <u32>fresh);
    else store<u32>(node, <u32>fresh, N_NEXT);
    store<u32>(H_RETIRED_LAST, <u32>fresh);
    node = fresh;
  }
  const count = load<u32>(node, N_COUNT);
  const item = node + N_ITEMS + ((<usize>count) << 3);
  store<u32>(item, <u32>address);
  store<u32>(item, atomic.load<u32>(H_EPOCH), 4);
  store<u32>(node, count + 1, N_COUNT);
}

/**
 * Frees what was retired and no reader can see, and begins a new epoch. The counter of epochs does
 * not wrap: at ten calls a second it lasts 13 years.
 */
export function reclaim(): void {
  atomic.add<u32>(H_EPOCH, 1);
  const oldest = oldestRead();
  for (;;) {
    const node = <usize>load<u32>(H_RETIRED_FIRST);
    if (node === 0) return;
    const count = load<u32>(node, N_COUNT);
    for (let index = load<u32>(node, N_FIRST); index < count; index++) {
      const item = node + N_ITEMS + ((<usize>index) << 3);
      if (load<u32>(item, 4) >= oldest) {
        store<u32>(node, index, N_FIRST);
        return;
      }
      release(load<u32>(item), KIND_RETIRED);
    }
    const next = load<u32>(node, N_NEXT);
    store<u32>(H_RETIRED_FIRST, next);
    if (next === 0) store<u32>(H_RETIRED_LAST, 0);
    release(node, KIND_RETIRED);
  }
}

/** The epoch in which the oldest read under way began, `NO_READ` when there is none. */
function oldestRead(): u32 {
  let oldest = NO_READ;
  for (let slot: u32 = 0; slot < READER_SLOTS; slot++) {
    const began = atomic.load<u32>(H_READER_SLOTS + ((<usize>slot) << 2));
    if (began !== 0) oldest = min(oldest, began);
  }
  return oldest;
}

/** See `Kernel.readersBefore`. */
export function hasReadersBefore(epoch: u32): bool {
  return oldestRead() < epoch;
}

/** In the slot of a reader that is open but reads nothing. */
const NO_READ: u32 = 0xffffffff;

/** A slot for one more reader, or `READER_SLOTS` when all are taken. */
export function takeSlot(): u32 {
  for (let slot: u32 = 0; slot < READER_SLOTS; slot++) {
    const address = H_READER_SLOTS + ((<usize>slot) << 2);
    if (atomic.cmpxchg<u32>(address, 0, NO_READ) === 0) return slot;
  }
  return READER_SLOTS;
}

export function freeSlot(slot: u32): void {
  atomic.store<u32>(H_READER_SLOTS + ((<usize>slot) << 2), 0);
}

/** From here to `endRead` nothing that this thread can find is freed. */
export function beginRead(slot: u32): void {
  const address = H_READER_SLOTS + ((<usize>slot) << 2);
  let epoch = atomic.load<u32>(H_EPOCH);
  for (;;) {
    atomic.store<u32>(address, epoch);
    // If the writer moved on in between, it may not have seen the slot: take the new epoch.
    const now = atomic.load<u32>(H_EPOCH);
    if (now === epoch) return;
    epoch = now;
  }
}

export function endRead(slot: u32): void {
  atomic.store<u32>(H_READER_SLOTS + ((<usize>slot) << 2), NO_READ);
}
