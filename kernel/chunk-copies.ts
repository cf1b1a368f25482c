// Chunks of the head, copied as they are for a checkpoint. The times that chunks share are written
// once for all series of a record, and each chunk names them by number:
//
//   times     varint count, zigzag varint first time, then if there is more than one
//             varint step, u8 width, packed (distance - step)
//   chunk     varint number of its times, varint length, values: see pack-values.ts
//
// Only what is not a whole chunk (the tail, and what reaches beyond the times that are wanted) is
// packed for it. The writing thread only.

import {
  C_BYTES,
  C_PREVIOUS,
  C_TIMES,
  C_VALUES,
  COPIES_BYTES,
  HEAD_CHUNK_MAX,
  K_CHAIN,
  K_CHUNK_COUNT,
  K_CHUNKS,
  K_CHUNKS_LENGTH,
  K_NEWEST,
  K_SLOTS,
  K_TIMES,
  K_TIMES_COUNT,
  K_TIMES_LENGTH,
  KIND_LISTS,
  S_CHUNK,
  S_CHUNK_COUNT,
  S_HINT,
  S_LENGTH,
  S_TAIL,
  STATUS_NO_MEMORY,
  STATUS_OK,
  T_BYTES,
  T_COUNT,
  T_FIRST,
  T_LAST,
  T_PACKED,
  T_STEP,
  T_WIDTH,
} from './layout.ts';
import { putVarint, zigzag } from './bits.ts';
import { putTimes } from './chunks.ts';
import { firstOf, lastOf, tailTime } from './finds.ts';
import { unpackChunk } from './head-chunks.ts';
import { packValues } from './pack-values.ts';
import { packedScratch, timesScratch, valuesScratch } from './scratch.ts';
import { ownSeriesAddress } from './series.ts';
import { allocate, growList, release } from './slab.ts';

/** What stands before a chunk's values. */
const CHUNK_HEADER_MOST: u32 = 10;
/** Values of the most samples, all of 64 bits and a quarter exceptions, and what is before them. */
const VALUES_MOST: u32 = HEAD_CHUNK_MAX * 8 + (HEAD_CHUNK_MAX >> 2) * 10 + 64;
/** Their times; packing writes whole words. */
const TIMES_MOST: u32 = HEAD_CHUNK_MAX * 8 + 64;

/** A slot: +0 where the times begin, plus 1; 0 for none. +4 their number. */
const SLOT_MASK: u32 = 2047;
const SLOTS_BYTES: usize = (<usize>SLOT_MASK + 1) << 3;
/** Slots that are looked at; when all are taken the last one is given to the new times. */
const PROBES: u32 = 4;

/** 0 when the slab is full. */
export function openCopies(): usize {
  const copies = allocate(COPIES_BYTES, KIND_LISTS);
  if (copies === 0) return 0;
  memory.fill(copies, 0, COPIES_BYTES);
  const slots = allocate(SLOTS_BYTES, KIND_LISTS);
  if (slots === 0) {
    release(copies, KIND_LISTS);
    return 0;
  }
  store<u32>(copies, <u32>slots, K_SLOTS);
  return copies;
}

export function closeCopies(copies: usize): void {
  release(load<u32>(copies, K_CHUNKS), KIND_LISTS);
  release(load<u32>(copies, K_TIMES), KIND_LISTS);
  release(load<u32>(copies, K_CHAIN), KIND_LISTS);
  release(load<u32>(copies, K_SLOTS), KIND_LISTS);
  release(copies, KIND_LISTS);
}

/** The next series is the first of a record, in which `count` times are written already. */
export function beginCopies(copies: usize, count: u32): void {
  store<u32>(copies, 0, K_TIMES_LENGTH);
  store<u32>(copies, count, K_TIMES_COUNT);
  memory.fill(load<u32>(copies, K_SLOTS), 0, SLOTS_BYTES);
}

/** See `ChunkCopies.copy`. STATUS_NO_MEMORY when the slab is full: the record is of no use then. */
export function copyChunks(copies: usize, ref: u32, minTime: f64, maxTime: f64): u32 {
  store<u32>(copies, 0, K_CHUNKS_LENGTH);
  store<u32>(copies, 0, K_CHUNK_COUNT);
  store<f64>(copies, -Infinity, K_NEWEST);
  const series = ownSeriesAddress(ref);
  // False for NaN too.
  if (series === 0 || !(minTime <= maxTime)) return STATUS_OK;
  const least = <i64>minTime;
  const greatest = <i64>maxTime;
  const found = findChunks(copies, series, least, greatest);
  if (found < 0) return STATUS_NO_MEMORY;
  const chain = <usize>load<u32>(copies, K_CHAIN);
  // From the newest back is how they are linked.
  for (let index = <usize>found; index > 0; index--) {
    const chunk = <usize>load<u32>(chain + ((index - 1) << 2));
    const hint = <u32>load<u8>(series, S_HINT);
    if (!copyChunk(copies, chunk, hint, least, greatest)) return STATUS_NO_MEMORY;
  }
  return copyTail(copies, series, least, greatest) ? STATUS_OK : STATUS_NO_MEMORY;
}

/** Lists the chunks with times in between and makes room for all; -1 when the slab is full. */
function findChunks(copies: usize, series: usize, least: i64, greatest: i64): i32 {
  const most = load<u32>(series, S_CHUNK_COUNT);
  if (!growList(copies + K_CHAIN, most, 0, 4, KIND_LISTS)) return -1;
  const chain = <usize>load<u32>(copies, K_CHAIN);
  let found: u32 = 0;
  // The tail, and what is cut at either end, may be as large as any.
  let bytes: u64 = 3 * (VALUES_MOST + CHUNK_HEADER_MOST);
  for (
    let chunk = <usize>load<u32>(series, S_CHUNK);
    chunk !== 0 && lastOf(chunk) >= least;
    chunk = <usize>load<u32>(chunk, C_PREVIOUS)
  ) {
    if (firstOf(chunk) > greatest) continue;
    store<u32>(chain + ((<usize>found) << 2), <u32>chunk);
    found++;
    bytes += <u64>load<u16>(chunk, C_BYTES) + CHUNK_HEADER_MOST;
  }
  if (bytes > <u64>i32.MAX_VALUE) return -1;
  if (!growList(copies + K_CHUNKS, <u32>bytes, 0, 1, KIND_LISTS)) return -1;
  return <i32>found;
}

/** False when the slab is full. */
function copyChunk(copies: usize, chunk: usize, hint: u32, least: i64, greatest: i64): bool {
  const block = <usize>load<u32>(chunk, C_TIMES);
  if (load<i64>(block, T_FIRST) < least || load<i64>(block, T_LAST) > greatest) {
    return packPart(copies, chunk, hint, least, greatest);
  }
  const end = reserveTimes(copies);
  if (end === 0) return false;
  const number = numberOf(copies, putBlock(block, end));
  putChunk(copies, number, chunk + C_VALUES, load<u16>(chunk, C_BYTES));
  store<f64>(copies, <f64>load<i64>(block, T_LAST), K_NEWEST);
  return true;
}

/** Packs what a chunk has between the times. */
function packPart(copies: usize, chunk: usize, hint: u32, least: i64, greatest: i64): bool {
  let to = <usize>unpackChunk(chunk);
  let from: usize = 0;
  const times = timesScratch();
  while (from < to && <i64>load<f64>(times + (from << 3)) < least) from++;
  while (to > from && <i64>load<f64>(times + ((to - 1) << 3)) > greatest) to--;
  const count = <u32>(to - from);
  return packSamples(copies, times + (from << 3), valuesScratch() + (from << 3), count, hint);
}

/** Packs what the tail has between the times. */
function copyTail(copies: usize, series: usize, least: i64, greatest: i64): bool {
  let to = load<u32>(series, S_LENGTH);
  let from: u32 = 0;
  while (from < to && tailTime(series, from) < least) from++;
  while (to > from && tailTime(series, to - 1) > greatest) to--;
  const times = timesScratch();
  for (let index = from; index < to; index++) {
    store<f64>(times + ((<usize>(index - from)) << 3), <f64>tailTime(series, index));
  }
  const values = <usize>load<u32>(series, S_TAIL) + ((<usize>from) << 3);
  return packSamples(copies, times, values, to - from, load<u8>(series, S_HINT));
}

/** Adds a chunk of the samples, times as doubles; none where there are none. */
function packSamples(copies: usize, times: usize, values: usize, count: u32, hint: u32): bool {
  if (count === 0) return true;
  const start = reserveTimes(copies);
  if (start === 0) return false;
  let output = putVarint(start, count);
  output = putVarint(output, zigzag(<i64>load<f64>(times)));
  if (count > 1) output = putTimes(times, count, output);
  const number = numberOf(copies, output);
  const packed = packedScratch();
  putChunk(copies, number, packed, packValues(values, count, packed, hint));
  store<f64>(copies, load<f64>(times + ((<usize>count - 1) << 3)), K_NEWEST);
  return true;
}

function putChunk(copies: usize, number: u32, values: usize, bytes: u32): void {
  const chunks = <usize>load<u32>(copies, K_CHUNKS);
  let output = putVarint(chunks + load<u32>(copies, K_CHUNKS_LENGTH), number);
  output = putVarint(output, bytes);
  memory.copy(output, values, bytes);
  store<u32>(copies, <u32>(output - chunks) + bytes, K_CHUNKS_LENGTH);
  store<u32>(copies, load<u32>(copies, K_CHUNK_COUNT) + 1, K_CHUNK_COUNT);
}

/** Where the next times are to be written, with room for any; 0 when the slab is full. */
function reserveTimes(copies: usize): usize {
  const length = load<u32>(copies, K_TIMES_LENGTH);
  if (!growList(copies + K_TIMES, length + TIMES_MOST, length, 1, KIND_LISTS)) return 0;
  return <usize>load<u32>(copies, K_TIMES) + length;
}

/** Writes the times of a block, which are packed as they are to be; the address after them. */
function putBlock(block: usize, target: usize): usize {
  const count = load<u32>(block, T_COUNT);
  let output = putVarint(target, count);
  output = putVarint(output, zigzag(load<i64>(block, T_FIRST)));
  if (count === 1) return output;
  output = putVarint(output, load<i64>(block, T_STEP));
  const bytes = <usize>load<u16>(block, T_BYTES);
  store<u8>(output, load<u16>(block, T_WIDTH));
  memory.copy(output + 1, block + T_PACKED, bytes);
  return output + 1 + bytes;
}

/**
 * The number of the times that were just written, up to `end`. Where the same were written before
 * they are taken back: what is forgotten of those is written twice, which costs room alone.
 */
function numberOf(copies: usize, end: usize): u32 {
  const times = <usize>load<u32>(copies, K_TIMES);
  const length = load<u32>(copies, K_TIMES_LENGTH);
  const start = times + length;
  const bytes = end - start;
  const slots = <usize>load<u32>(copies, K_SLOTS);
  const hash = hashOf(start, end);
  let slot: usize = 0;
  for (let probe: u32 = 0; probe < PROBES; probe++) {
    slot = slots + ((<usize>((hash + probe) & SLOT_MASK)) << 3);
    const known = <usize>load<u32>(slot);
    if (known === 0) break;
    // No times begin as others do and go on: what is the same for so long are the same times.
    if (memory.compare(times + known - 1, start, bytes) === 0) return load<u32>(slot, 4);
  }
  const number = load<u32>(copies, K_TIMES_COUNT);
  store<u32>(slot, length + 1);
  store<u32>(slot, number, 4);
  store<u32>(copies, number + 1, K_TIMES_COUNT);
  store<u32>(copies, length + <u32>bytes, K_TIMES_LENGTH);
  return number;
}

function hashOf(start: usize, end: usize): u32 {
  let hash: u64 = 0;
  // Bytes beyond the end are those of times before, or none: they do not count.
  for (let at = start; at < end; at += 8) {
    const left = end - at;
    const word = left < 8 ? load<u64>(at) & (((<u64>1) << ((<u64>left) << 3)) - 1) : load<u64>(at);
    hash = (hash ^ word) * 0x9e3779b97f4a7c15;
    hash ^= hash >> 32;
  }
  return <u32>hash;
}
