// What is at a time of a series; the writing thread only.

import {
  C_BYTES,
  C_PREVIOUS,
  C_TIMES,
  C_VALUES,
  NO_TIME,
  S_BASE,
  S_CAPACITY,
  S_CHUNK,
  S_LENGTH,
  S_NEWEST,
  S_TAIL,
  T_COUNT,
  T_FIRST,
  T_LAST,
} from './layout.ts';
import { timesScratch, valuesScratch } from './scratch.ts';
import { tailTimes } from './tails.ts';
import { unpackTimes } from './times.ts';
import { unpackValues } from './unpack-values.ts';

/** The bits that `findSample` found. */
export let foundBits: u64 = 0;

/** Whether a sample at that very time is in the series. */
export function findSample(series: usize, time: i64): bool {
  if (time > load<i64>(series, S_NEWEST)) return false;
  const length = load<u32>(series, S_LENGTH);
  const base = load<i64>(series, S_BASE);
  if (length !== 0 && time >= base) {
    const tail = <usize>load<u32>(series, S_TAIL);
    const times = tailTimes(tail, load<u8>(series, S_CAPACITY));
    for (let index = length; index > 0; index--) {
      const here = base + load<u32>(times + ((<usize>index - 1) << 2));
      if (here === time) foundBits = load<u64>(tail + ((<usize>index - 1) << 3));
      if (here <= time) return here === time;
    }
    return false;
  }
  let chunk = <usize>load<u32>(series, S_CHUNK);
  while (chunk !== 0 && firstOf(chunk) > time) chunk = <usize>load<u32>(chunk, C_PREVIOUS);
  return chunk !== 0 && findInChunk(chunk, time);
}

function findInChunk(chunk: usize, time: i64): bool {
  if (lastOf(chunk) < time) return false;
  const block = <usize>load<u32>(chunk, C_TIMES);
  const count = load<u32>(block, T_COUNT);
  const times = timesScratch();
  unpackTimes(block, times);
  for (let index: u32 = 0; index < count; index++) {
    if (load<f64>(times + ((<usize>index) << 3)) !== <f64>time) continue;
    const values = valuesScratch();
    const start = chunk + C_VALUES;
    if (!unpackValues(start, start + load<u16>(chunk, C_BYTES), count, values)) return false;
    foundBits = load<u64>(values + ((<usize>index) << 3));
    return true;
  }
  return false;
}

/** The first time of a chunk. */
export function firstOf(chunk: usize): i64 {
  return load<i64>(<usize>load<u32>(chunk, C_TIMES), T_FIRST);
}

/** The last time of a chunk. */
export function lastOf(chunk: usize): i64 {
  return load<i64>(<usize>load<u32>(chunk, C_TIMES), T_LAST);
}

/** Time `index` of the tail. */
export function tailTime(series: usize, index: u32): i64 {
  const times = tailTimes(load<u32>(series, S_TAIL), load<u8>(series, S_CAPACITY));
  return load<i64>(series, S_BASE) + load<u32>(times + ((<usize>index) << 2));
}

/** Oldest time of a series, `NO_TIME` when it has no samples. */
export function oldestTime(series: usize): i64 {
  let chunk = <usize>load<u32>(series, S_CHUNK);
  if (chunk === 0) return load<u32>(series, S_LENGTH) === 0 ? NO_TIME : tailTime(series, 0);
  let oldest = chunk;
  while (chunk !== 0) {
    oldest = chunk;
    chunk = <usize>load<u32>(chunk, C_PREVIOUS);
  }
  return firstOf(oldest);
}

/** Time of the newest sample of a series, `NO_TIME` when it has none. */
export function newestSampleTime(series: usize): i64 {
  const length = load<u32>(series, S_LENGTH);
  if (length !== 0) return tailTime(series, length - 1);
  const chunk = <usize>load<u32>(series, S_CHUNK);
  return chunk === 0 ? NO_TIME : lastOf(chunk);
}
