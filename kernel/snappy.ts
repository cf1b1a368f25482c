// Snappy blocks (format_description.txt of google/snappy; no framing).

import { STATUS_MALFORMED, STATUS_OK } from './layout.ts';

/** Where the last `decompress` stopped: on success its end, else the fault. */
export let snappyPosition: usize = 0;
/** What the last `snappyHeader` read. */
export let snappySize: u32 = 0;

/** Reads the length header to `snappySize`; the address after it, 0 where there is none. */
export function snappyHeader(start: usize, end: usize): usize {
  let value: u64 = 0;
  let position = start;
  for (let shift: u64 = 0; shift < 35 && position < end; shift += 7) {
    const byte = load<u8>(position++);
    value |= (<u64>(byte & 0x7f)) << shift;
    if (byte < 0x80) {
      if (value > 0xffffffff) return 0;
      snappySize = <u32>value;
      return position;
    }
  }
  return 0;
}

/**
 * Decompresses the elements `[start, end)`, which follow the header, to `target`, which has room
 * for `size` bytes; they must not overlap. Writes nothing outside that room, whatever the input.
 */
export function decompress(start: usize, end: usize, target: usize, size: u32): u32 {
  const limit = target + size;
  let position = start;
  let output = target;
  while (position < end) {
    const tag = <u32>load<u8>(position++);
    const kind = tag & 3;
    if (kind === 0) {
      let count = <usize>(tag >> 2) + 1;
      if (count > 60) {
        const extra = count - 60;
        if (extra > end - position) return fail(position);
        count = <usize>littleEndian(position, <u32>extra);
        // 2^32 bytes never fit, and adding one would come to 0.
        if (count === 0xffffffff) return fail(position + extra);
        count += 1;
        position += extra;
      }
      if (count > end - position || count > limit - output) return fail(position);
      if (count <= 16 && end - position >= 16 && limit - output >= 16) {
        // Fast path: what is written beyond the literal is overwritten by what comes next.
        v128.store(output, v128.load(position));
      } else {
        memory.copy(output, position, count);
      }
      position += count;
      output += count;
      continue;
    }
    let count: usize;
    let distance: usize;
    if (kind === 1) {
      if (position === end) return fail(position);
      count = <usize>((tag >> 2) & 7) + 4;
      distance = <usize>((tag >> 5) << 8) | <usize>load<u8>(position);
      position += 1;
    } else {
      const bytes: usize = kind === 2 ? 2 : 4;
      if (bytes > end - position) return fail(position);
      count = <usize>(tag >> 2) + 1;
      distance = kind === 2 ? <usize>load<u16>(position) : <usize>load<u32>(position);
      position += bytes;
    }
    if (distance === 0 || distance > output - target || count > limit - output) {
      return fail(position);
    }
    if (count <= 16 && distance >= 16 && limit - output >= 16) {
      v128.store(output, v128.load(output - distance));
    } else {
      copyBack(output, distance, count, limit);
    }
    output += count;
  }
  if (output !== limit) return fail(position);
  snappyPosition = position;
  return STATUS_OK;
}

/** Repeats what lies `distance` back; the copy may overlap what it makes. */
function copyBack(output: usize, distance: usize, count: usize, limit: usize): void {
  let from = output - distance;
  let to = output;
  const end = output + count;
  if (distance >= 16 && limit - output >= count + 15) {
    do {
      v128.store(to, v128.load(from));
      from += 16;
      to += 16;
    } while (to < end);
    return;
  }
  if (distance >= 8 && limit - output >= count + 7) {
    do {
      store<u64>(to, load<u64>(from));
      from += 8;
      to += 8;
    } while (to < end);
    return;
  }
  while (to < end) store<u8>(to++, load<u8>(from++));
}

function littleEndian(position: usize, bytes: u32): u32 {
  let value: u32 = 0;
  for (let index: u32 = 0; index < bytes; index++) {
    value |= (<u32>load<u8>(position + index)) << (index << 3);
  }
  return value;
}

function fail(position: usize): u32 {
  snappyPosition = position;
  return STATUS_MALFORMED;
}
