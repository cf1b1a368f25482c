// Chunks that stand alone: times and values of one series, as checkpoints of version 2 have them.
// Those are read for ever; they are made by tests alone.
//
//   varint count (1 to CHUNK_SAMPLES_MAX)
//   zigzag varint   first time, in milliseconds
//   varint          smallest distance of two times      } if count > 1
//   u8 width        then packed: distance - smallest    }
//   values          see pack-values.ts, to the end

import {
  B_LENGTH,
  B_MESSAGE,
  B_MESSAGE_LENGTH,
  B_PACKED,
  B_REFS,
  B_TIMES,
  B_VALUES,
  CHUNK_SAMPLES_MAX,
  STATUS_MALFORMED,
  STATUS_NO_MEMORY,
  STATUS_OK,
} from './layout.ts';
import { failBody, reserveSamples } from './bodies.ts';
import {
  pack,
  packedBytes,
  putVarint,
  takeVarint,
  unpackAt,
  unzigzag,
  varint,
  widthOf,
  zigzag,
} from './bits.ts';
import { differencesScratch, packedScratch, valuesScratch } from './scratch.ts';
import { packValues } from './pack-values.ts';
import { unpackValues } from './unpack-values.ts';

/**
 * Packs samples `[from, from + count)` of the columns, one series with ascending times, and notes
 * where at `B_PACKED`; the number of bytes, valid until the next packing of anything. `count` is 1
 * to CHUNK_SAMPLES_MAX.
 */
export function packColumns(body: usize, from: u32, count: u32): u32 {
  const times = <usize>load<u32>(body, B_TIMES) + ((<usize>from) << 3);
  const values = <usize>load<u32>(body, B_VALUES) + ((<usize>from) << 3);
  // Times and what is before the values go where unpacked values would, then all moves together.
  const start = valuesScratch();
  let output = putVarint(start, count);
  output = putVarint(output, zigzag(<i64>load<f64>(times)));
  if (count > 1) output = putTimes(times, count, output);
  const before = output - start;
  const packed = packedScratch();
  const bytes = packValues(values, count, packed + before, 0);
  memory.copy(packed, start, before);
  store<u32>(body, <u32>packed, B_PACKED);
  return <u32>before + bytes;
}

/** Writes the distances of `count` times, more than one, as above; the address after them. */
export function putTimes(times: usize, count: u32, target: usize): usize {
  const distances = differencesScratch();
  let low = u64.MAX_VALUE;
  let high: u64 = 0;
  let previous = <i64>load<f64>(times);
  for (let index: u32 = 1; index < count; index++) {
    const time = <i64>load<f64>(times + ((<usize>index) << 3));
    const distance = <u64>(time - previous);
    store<u64>(distances + ((<usize>index - 1) << 3), distance);
    low = min(low, distance);
    high = max(high, distance);
    previous = time;
  }
  const width = widthOf(high - low);
  const output = putVarint(target, low);
  store<u8>(output, width);
  pack(distances, count - 1, low, 0, width, output + 1);
  return output + 1 + packedBytes(count - 1, width);
}

/** Unpacks the message, a chunk, to the columns; refs are 0. */
export function unpackColumns(body: usize): u32 {
  store<u32>(body, 0, B_LENGTH);
  const start = <usize>load<u32>(body, B_MESSAGE);
  const end = start + load<u32>(body, B_MESSAGE_LENGTH);
  let input = takeVarint(start, end);
  if (input === 0 || varint === 0 || varint > CHUNK_SAMPLES_MAX) {
    return failBody(body, STATUS_MALFORMED, 0);
  }
  const count = <u32>varint;
  if (!reserveSamples(body, count)) return failBody(body, STATUS_NO_MEMORY, 0);
  const times = <usize>load<u32>(body, B_TIMES);
  input = takeTimes(input, end, count, times);
  if (input === 0) return failBody(body, STATUS_MALFORMED, 0);
  if (!unpackValues(input, end, count, load<u32>(body, B_VALUES))) {
    return failBody(body, STATUS_MALFORMED, <u32>(input - start));
  }
  memory.fill(load<u32>(body, B_REFS), 0, (<usize>count) << 2);
  store<u32>(body, count, B_LENGTH);
  return STATUS_OK;
}

/** The address after the times, 0 when they are wrong. */
function takeTimes(start: usize, end: usize, count: u32, target: usize): usize {
  let input = takeVarint(start, end);
  if (input === 0) return 0;
  let time = unzigzag(varint);
  store<f64>(target, <f64>time);
  if (count === 1) return input;
  input = takeVarint(input, end);
  if (input === 0 || input === end) return 0;
  const step = <i64>varint;
  const width = <u32>load<u8>(input++);
  if (width > 64 || <usize>packedBytes(count - 1, width) > end - input) return 0;
  for (let index: u32 = 1; index < count; index++) {
    time += step + <i64>unpackAt(input, index - 1, width);
    store<f64>(target + ((<usize>index) << 3), <f64>time);
  }
  return input + packedBytes(count - 1, width);
}
