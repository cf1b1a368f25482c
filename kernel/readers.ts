// Reading areas: what a reading thread writes to, which cannot allocate.

import {
  KIND_READERS,
  READER_BATCH,
  READER_BYTES,
  READER_CHAIN,
  READER_SAMPLES,
  READER_SLOTS,
  TAIL_MAX,
  V_CAPACITY,
  V_CAPS,
  V_CHAIN,
  V_ENDS,
  V_REFS,
  V_SLOT,
  V_TAIL_TIMES,
  V_TAIL_VALUES,
  V_TIMES,
  V_VALUES,
} from './layout.ts';
import { freeSlot, takeSlot } from './epochs.ts';
import { allocate, release } from './slab.ts';

const COLUMN_BYTES: usize = (<usize>READER_SAMPLES) << 3;
const CHAIN_BYTES: usize = (<usize>READER_CHAIN) << 2;
const TAIL_COLUMN_BYTES: usize = (<usize>TAIL_MAX) << 3;
const REFS_BYTES: usize = (<usize>READER_BATCH) << 2;
const CAPS_BYTES: usize = (<usize>READER_BATCH) << 3;

/** Made by the writing thread for one other. 0 when there is no slot or no memory. */
export function openReader(): usize {
  const slot = takeSlot();
  if (slot === READER_SLOTS) return 0;
  const bytes =
    READER_BYTES +
    COLUMN_BYTES * 2 +
    TAIL_COLUMN_BYTES * 2 +
    CAPS_BYTES +
    CHAIN_BYTES +
    REFS_BYTES * 2;
  const reader = allocate(bytes, KIND_READERS);
  if (reader === 0) {
    freeSlot(slot);
    return 0;
  }
  memory.fill(reader, 0, READER_BYTES);
  store<u32>(reader, slot, V_SLOT);
  store<u32>(reader, READER_SAMPLES, V_CAPACITY);
  let area = reader + READER_BYTES;
  area = place(reader, V_TIMES, area, COLUMN_BYTES);
  area = place(reader, V_VALUES, area, COLUMN_BYTES);
  area = place(reader, V_TAIL_TIMES, area, TAIL_COLUMN_BYTES);
  area = place(reader, V_TAIL_VALUES, area, TAIL_COLUMN_BYTES);
  area = place(reader, V_CAPS, area, CAPS_BYTES);
  area = place(reader, V_CHAIN, area, CHAIN_BYTES);
  area = place(reader, V_REFS, area, REFS_BYTES);
  place(reader, V_ENDS, area, REFS_BYTES);
  return reader;
}

function place(reader: usize, field: usize, area: usize, bytes: usize): usize {
  store<u32>(reader + field, <u32>area);
  return area + bytes;
}

export function closeReader(reader: usize): void {
  freeSlot(load<u32>(reader, V_SLOT));
  release(reader, KIND_READERS);
}
