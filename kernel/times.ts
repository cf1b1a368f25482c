// Times of head chunks. Series that are scraped or sent together pack in the same rounds, in
// groups, so their chunks have the same times: one block serves them all. A small cache, by a hash
// of the times, finds it; what the cache forgets is made twice, which costs room alone.
//
// Time i is first + i * step + the sum of the packed rests before it.

import {
  H_TIME_CACHE,
  KIND_SCRATCH,
  KIND_TIMES,
  T_BYTES,
  T_COUNT,
  T_FIRST,
  T_LAST,
  T_PACKED,
  T_STEP,
  T_USERS,
  T_WIDTH,
  TIME_CACHE_MASK,
} from './layout.ts';
import { pack, packedBytes, unpackAt, widthOf } from './bits.ts';
import { retire } from './epochs.ts';
import { differencesScratch } from './scratch.ts';
import { allocate } from './slab.ts';

/** False when the slab is full. */
export function setUpTimes(): bool {
  const bytes = (<usize>TIME_CACHE_MASK + 1) << 2;
  const cache = allocate(bytes, KIND_SCRATCH);
  if (cache === 0) return false;
  memory.fill(cache, 0, bytes);
  store<u32>(H_TIME_CACHE, <u32>cache);
  return true;
}

/**
 * The block of the times `base + offsets[i]` (ascending, 32 bits each), with one user more than
 * before. 0 when the slab is full.
 */
export function takeTimes(base: i64, offsets: usize, count: u32): usize {
  const first = base + load<u32>(offsets);
  const last = base + load<u32>(offsets + ((<usize>count - 1) << 2));
  let low: u32 = count === 1 ? 0 : u32.MAX_VALUE;
  let high: u32 = 0;
  for (let index: u32 = 1; index < count; index++) {
    const here = offsets + ((<usize>index) << 2);
    const distance = load<u32>(here) - load<u32>(here - 4);
    low = min(low, distance);
    high = max(high, distance);
  }
  const slot = cacheSlot(first, last, count);
  const known = <usize>load<u32>(slot);
  if (
    known !== 0 &&
    load<i64>(known, T_FIRST) === first &&
    load<u32>(known, T_COUNT) === count &&
    load<i64>(known, T_STEP) === <i64>low &&
    hasOffsets(known, first - base, offsets, count)
  ) {
    store<u32>(known, load<u32>(known, T_USERS) + 1, T_USERS);
    return known;
  }
  const width = widthOf(high - low);
  const bytes = packedBytes(count - 1, width);
  // Packing writes whole words of 8 bytes.
  const block = allocate(T_PACKED + ((<usize>bytes + 7) & ~7), KIND_TIMES);
  if (block === 0) return 0;
  store<u32>(block, 1, T_USERS);
  store<u32>(block, count, T_COUNT);
  store<i64>(block, first, T_FIRST);
  store<i64>(block, last, T_LAST);
  store<i64>(block, low, T_STEP);
  store<u16>(block, width, T_WIDTH);
  store<u16>(block, bytes, T_BYTES);
  if (width !== 0) {
    const distances = differencesScratch();
    for (let index: u32 = 1; index < count; index++) {
      const here = offsets + ((<usize>index) << 2);
      store<u64>(distances + ((<usize>index - 1) << 3), load<u32>(here) - load<u32>(here - 4));
    }
    pack(distances, count - 1, low, 0, width, block + T_PACKED);
  }
  store<u32>(slot, <u32>block);
  return block;
}

function cacheSlot(first: i64, last: i64, count: u32): usize {
  const mixed = ((<u64>first * 31 + <u64>last) * 31 + count) * 0x9e3779b97f4a7c15;
  return <usize>load<u32>(H_TIME_CACHE) + ((<usize>((mixed >> 40) & TIME_CACHE_MASK)) << 2);
}

function hasOffsets(block: usize, firstOffset: i64, offsets: usize, count: u32): bool {
  const width = <u32>load<u16>(block, T_WIDTH);
  const step = load<i64>(block, T_STEP);
  let offset = firstOffset;
  for (let index: u32 = 1; index < count; index++) {
    offset += step + <i64>unpackAt(block + T_PACKED, index - 1, width);
    if (offset !== <i64>load<u32>(offsets + ((<usize>index) << 2))) return false;
  }
  return true;
}

/** One user less of a block; without users it goes when no reader sees it. */
export function releaseTimes(block: usize): void {
  const users = load<u32>(block, T_USERS) - 1;
  store<u32>(block, users, T_USERS);
  if (users !== 0) return;
  const slot = cacheSlot(
    load<i64>(block, T_FIRST),
    load<i64>(block, T_LAST),
    load<u32>(block, T_COUNT),
  );
  if (<usize>load<u32>(slot) === block) store<u32>(slot, 0);
  retire(block, KIND_TIMES);
}

/** Writes the times of a block to a column of doubles. */
export function unpackTimes(block: usize, target: usize): void {
  const count = load<u32>(block, T_COUNT);
  const width = <u32>load<u16>(block, T_WIDTH);
  const step = load<i64>(block, T_STEP);
  let time = load<i64>(block, T_FIRST);
  const end = target + ((<usize>count) << 3);
  store<f64>(target, <f64>time);
  if (width === 0) {
    for (let at = target + 8; at < end; at += 8) {
      time += step;
      store<f64>(at, <f64>time);
    }
    return;
  }
  // At most 32 bits wide: any of them is in the 8 bytes from its first one on.
  const mask = ((<u64>1) << width) - 1;
  let bit: u32 = 0;
  for (let at = target + 8; at < end; at += 8) {
    time += step + <i64>((load<u64>(block + T_PACKED + (bit >> 3)) >> (bit & 7)) & mask);
    store<f64>(at, <f64>time);
    bit += width;
  }
}
