import { SnappyError } from './errors.ts';

/** The length header is a varint of a 32-bit number: at most this many bytes. */
const HEADER_BYTES_MAX = 5;

const KIND_LITERAL = 0;
const KIND_COPY_1 = 1;
const KIND_COPY_2 = 2;

const WORD_BYTES = 4;

/** From about this many bytes on the engine's block copy beats a loop at 1 ns a byte. */
const BLOCK_COPY_BYTES = 96;

/**
 * The size that the snappy block `[start, end)` of `bytes` will have, from its header. Check it
 * before making room.
 * @throws SnappyError `snappy_too_large` where it is above `limitBytes`.
 */
export function decompressedSize(
  bytes: Uint8Array,
  start: number,
  end: number,
  limitBytes: number,
): number {
  const size = readHeader(bytes, start, end);
  if (size > limitBytes) {
    const problem = `it holds ${size} bytes, wanted at most ${limitBytes}`;
    throw new SnappyError('snappy_too_large', 0, problem);
  }
  return size;
}

/**
 * Decompresses the snappy block (format_description.txt of google/snappy; no framing)
 * `[start, end)` of `input` to the beginning of `output` and returns the number of bytes written,
 * which is `decompressedSize`. `output` must have that room and must not overlap `input`.
 * @throws SnappyError for anything but exactly one block; `output` is then of no use.
 */
export function decompress(
  input: Uint8Array,
  start: number,
  end: number,
  output: Uint8Array,
): number {
  const size = readHeader(input, start, end);
  if (size > output.length) {
    const problem = `it holds ${size} bytes, wanted at most ${output.length}`;
    throw new SnappyError('snappy_too_large', 0, problem);
  }
  let position = start + headerSize(input, start);
  const view = new DataView(output.buffer, output.byteOffset, output.byteLength);
  let length = 0;
  while (position < end) {
    const tag = input[position++]!;
    const kind = tag & 3;
    if (kind === KIND_LITERAL) {
      let count = (tag >> 2) + 1;
      if (count > 60) {
        const extra = count - 60;
        if (position + extra > end) throw truncated(position - start);
        count = readLittleEndian(input, position, extra) + 1;
        position += extra;
      }
      if (count > end - position) throw truncated(position - start);
      if (count > size - length) throw tooLong(position - start);
      copyLiteral(input, position, output, length, count);
      position += count;
      length += count;
      continue;
    }
    let count: number;
    let distance: number;
    if (kind === KIND_COPY_1) {
      if (position + 1 > end) throw truncated(position - start);
      count = ((tag >> 2) & 7) + 4;
      distance = ((tag >> 5) << 8) | input[position]!;
      position += 1;
    } else {
      const bytes = kind === KIND_COPY_2 ? 2 : 4;
      if (position + bytes > end) throw truncated(position - start);
      count = (tag >> 2) + 1;
      distance = readLittleEndian(input, position, bytes);
      position += bytes;
    }
    if (distance === 0 || distance > length) {
      const problem = `it copies from ${distance} bytes back, ${length} being there`;
      throw new SnappyError('snappy_invalid', position - start, problem);
    }
    if (count > size - length) throw tooLong(position - start);
    copyBack(output, view, length, distance, count);
    length += count;
  }
  if (length !== size) {
    const problem = `it holds ${length} bytes, its header says ${size}`;
    throw new SnappyError('snappy_invalid', end - start, problem);
  }
  return length;
}

/** Repeats `count` bytes from `distance` back at `to`. */
function copyBack(
  output: Uint8Array,
  view: DataView,
  to: number,
  distance: number,
  count: number,
): void {
  let position = to;
  const end = to + count;
  // Fast path: words, of which none overlaps itself.
  if (distance >= WORD_BYTES) {
    for (; position + WORD_BYTES <= end; position += WORD_BYTES) {
      view.setInt32(position, view.getInt32(position - distance, true), true);
    }
  }
  // A copy that overlaps its own output repeats it: byte by byte is what is meant.
  for (; position < end; position++) output[position] = output[position - distance]!;
}

function copyLiteral(
  input: Uint8Array,
  from: number,
  output: Uint8Array,
  to: number,
  count: number,
): void {
  if (count >= BLOCK_COPY_BYTES) {
    output.set(input.subarray(from, from + count), to);
    return;
  }
  for (let index = 0; index < count; index++) output[to + index] = input[from + index]!;
}

function readLittleEndian(bytes: Uint8Array, position: number, count: number): number {
  let value = 0;
  for (let index = count - 1; index >= 0; index--) value = value * 256 + bytes[position + index]!;
  return value;
}

function readHeader(bytes: Uint8Array, start: number, end: number): number {
  let value = 0;
  let scale = 1;
  for (let index = 0; index < HEADER_BYTES_MAX && start + index < end; index++) {
    const byte = bytes[start + index]!;
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) {
      if (value > 0xffffffff) break;
      return value;
    }
    scale *= 128;
  }
  throw new SnappyError('snappy_invalid', 0, 'no length header of at most 32 bits');
}

function headerSize(bytes: Uint8Array, start: number): number {
  let position = start;
  while (bytes[position]! >= 0x80) position++;
  return position + 1 - start;
}

function truncated(offset: number): SnappyError {
  return new SnappyError('snappy_invalid', offset, 'it ends inside an element');
}

function tooLong(offset: number): SnappyError {
  return new SnappyError('snappy_invalid', offset, 'it holds more bytes than its header says');
}
