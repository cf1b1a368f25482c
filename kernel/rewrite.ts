// A chunk of the head in place of another, or between others. Chunks never change: a new one takes
// the place of the old one in the chain with one store, and the old one stays as it was for readers
// that are there already.

import { C_PREVIOUS, HEAD_CHUNK_MAX } from './layout.ts';
import { makeChunk, retireChunk } from './head-chunks.ts';
import { offsetsScratch, timesScratch, valuesScratch } from './scratch.ts';

/** Where the link to the chunk before those written last is. */
export let writtenLink: usize = 0;

/**
 * Puts the samples `[0, count)` of the scratch columns, packed, between the chunk that `link`
 * belongs to and `previous`; in place of `old`, unless that is 0. More than `HEAD_CHUNK_MAX` of
 * them become two chunks and more. False when the slab is full; nothing has changed then.
 */
export function writeChunks(
  series: usize,
  link: usize,
  old: usize,
  previous: usize,
  count: u32,
): bool {
  let newest = previous;
  let oldest: usize = 0;
  for (let from: u32 = 0; from < count; ) {
    const size = pieceSize(from, count - from);
    const chunk = writePiece(series, from, size, newest);
    if (chunk === 0) {
      giveUp(series, newest, previous);
      return false;
    }
    if (oldest === 0) oldest = chunk;
    newest = chunk;
    from += size;
  }
  writtenLink = oldest === 0 ? link : oldest + C_PREVIOUS;
  atomic.store<u32>(link, <u32>newest);
  if (old !== 0) retireChunk(series, old);
  return true;
}

/** How many samples from there on make a chunk: no more than its times' 32 bits reach. */
function pieceSize(from: u32, left: u32): u32 {
  const times = timesScratch() + ((<usize>from) << 3);
  const first = load<f64>(times);
  let size = left;
  if (left >= HEAD_CHUNK_MAX * 2) size = HEAD_CHUNK_MAX;
  else if (left > HEAD_CHUNK_MAX) size = (left + 1) >> 1;
  while (load<f64>(times + ((<usize>size - 1) << 3)) - first > <f64>u32.MAX_VALUE) size--;
  return size;
}

function writePiece(series: usize, from: u32, count: u32, previous: usize): usize {
  const times = timesScratch() + ((<usize>from) << 3);
  const offsets = offsetsScratch();
  const first = load<f64>(times);
  for (let index: usize = 0; index < <usize>count; index++) {
    store<u32>(offsets + (index << 2), <u32>(load<f64>(times + (index << 3)) - first));
  }
  const values = valuesScratch() + ((<usize>from) << 3);
  return makeChunk(series, <i64>first, offsets, values, count, previous);
}

/** Frees chunks that were never linked: those from `newest` on to `previous`, which stays. */
export function giveUp(series: usize, newest: usize, previous: usize): void {
  for (let chunk = newest; chunk !== previous; ) {
    const next = <usize>load<u32>(chunk, C_PREVIOUS);
    retireChunk(series, chunk);
    chunk = next;
  }
}
