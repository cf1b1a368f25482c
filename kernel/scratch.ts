// Working room of the packing functions. Two sets: the writing thread has its own, and a chunk
// that is decoded or made for a file uses that too. Readers need none.

import { CHUNK_SAMPLES_MAX, H_SCRATCH, KIND_SCRATCH } from './layout.ts';
import { allocate } from './slab.ts';

const COLUMN_BYTES: usize = (<usize>CHUNK_SAMPLES_MAX) << 3;
/**
 * Times and values of 8 bytes, a quarter of the values as exceptions of 10 more, and what stands
 * before them.
 */
const PACKED_BYTES: usize = COLUMN_BYTES * 2 + <usize>(CHUNK_SAMPLES_MAX >> 2) * 10 + 256;
/** A column, and room for what stands before packed times. */
const VALUES_BYTES: usize = COLUMN_BYTES + 128;

const TIMES_OFFSET: usize = COLUMN_BYTES * 2 + VALUES_BYTES + ((PACKED_BYTES + 15) & ~15);

const WAYPOINTS_OFFSET: usize = TIMES_OFFSET + COLUMN_BYTES * 2;
/** Places in the chunks of a series; see late-place.ts. */
export const WAYPOINTS: u32 = 128;
export const WAYPOINT_BYTES: usize = 16;

/** False when the slab is full. */
export function setUpScratch(): bool {
  const bytes = WAYPOINTS_OFFSET + <usize>WAYPOINTS * WAYPOINT_BYTES;
  const address = allocate(bytes, KIND_SCRATCH);
  store<u32>(H_SCRATCH, <u32>address);
  return address !== 0;
}

/** Integers that are to be packed. */
export function integersScratch(): usize {
  return load<u32>(H_SCRATCH);
}

/** Their differences. */
export function differencesScratch(): usize {
  return <usize>load<u32>(H_SCRATCH) + COLUMN_BYTES;
}

/** Values that were unpacked to be looked at. */
export function valuesScratch(): usize {
  return <usize>load<u32>(H_SCRATCH) + COLUMN_BYTES * 2;
}

/** Bytes that were packed. */
export function packedScratch(): usize {
  return <usize>load<u32>(H_SCRATCH) + COLUMN_BYTES * 2 + VALUES_BYTES;
}

/** Times that belong to those values, as doubles. */
export function timesScratch(): usize {
  return <usize>load<u32>(H_SCRATCH) + TIMES_OFFSET;
}

/** The same times that are to be packed, 32 bits each. */
export function offsetsScratch(): usize {
  return timesScratch() + COLUMN_BYTES;
}

/** `WAYPOINTS` places; the writing thread's alone. */
export function waypoints(): usize {
  return <usize>load<u32>(H_SCRATCH) + WAYPOINTS_OFFSET;
}
