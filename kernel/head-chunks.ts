// Chunks of the head: made of columns, read back to columns, given up.

import {
  C_BYTES,
  C_PREVIOUS,
  C_TIMES,
  C_VALUES,
  H_CHUNK_COUNT,
  KIND_CHUNKS,
  S_CHUNK_COUNT,
  S_HINT,
  T_COUNT,
} from './layout.ts';
import { retire } from './epochs.ts';
import { packValues } from './pack-values.ts';
import { packedScratch, timesScratch, valuesScratch } from './scratch.ts';
import { allocate } from './slab.ts';
import { releaseTimes, takeTimes, unpackTimes } from './times.ts';
import { unpackValues } from './unpack-values.ts';

/**
 * A chunk of the samples at `base + offsets[i]` (ascending, 32 bits each), after the chunk
 * `previous`; nothing points to it yet. 0 when the slab is full. `packHint` is then set.
 */
export function makeChunk(
  series: usize,
  base: i64,
  offsets: usize,
  values: usize,
  count: u32,
  previous: usize,
): usize {
  const times = takeTimes(base, offsets, count);
  if (times === 0) return 0;
  const packed = packedScratch();
  const bytes = packValues(values, count, packed, load<u8>(series, S_HINT));
  const chunk = allocate(C_VALUES + <usize>bytes, KIND_CHUNKS);
  if (chunk === 0) {
    releaseTimes(times);
    return 0;
  }
  store<u32>(chunk, <u32>previous, C_PREVIOUS);
  store<u32>(chunk, <u32>times, C_TIMES);
  store<u16>(chunk, bytes, C_BYTES);
  memory.copy(chunk + C_VALUES, packed, bytes);
  store<u32>(series, load<u32>(series, S_CHUNK_COUNT) + 1, S_CHUNK_COUNT);
  store<u32>(H_CHUNK_COUNT, load<u32>(H_CHUNK_COUNT) + 1);
  return chunk;
}

/** Frees a chunk that nothing points to any more, once no reader can see it. */
export function retireChunk(series: usize, chunk: usize): void {
  releaseTimes(load<u32>(chunk, C_TIMES));
  retire(chunk, KIND_CHUNKS);
  store<u32>(series, load<u32>(series, S_CHUNK_COUNT) - 1, S_CHUNK_COUNT);
  store<u32>(H_CHUNK_COUNT, load<u32>(H_CHUNK_COUNT) - 1);
}

/** Times and values of a chunk to the scratch columns; their number. */
export function unpackChunk(chunk: usize): u32 {
  const times = <usize>load<u32>(chunk, C_TIMES);
  const count = load<u32>(times, T_COUNT);
  unpackTimes(times, timesScratch());
  const start = chunk + C_VALUES;
  unpackValues(start, start + load<u16>(chunk, C_BYTES), count, valuesScratch());
  return count;
}
