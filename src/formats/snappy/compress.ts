/** Blocks are compressed on their own, so that every distance fits two bytes. */
const BLOCK_BYTES = 65_536;

const HASH_BITS = 14;
const HASH_SHIFT = 32 - HASH_BITS;
/** Knuth's multiplicative constant, 2^32 / golden ratio. */
const HASH_MULTIPLIER = 0x9e3779b1;

const MATCH_BYTES_MIN = 4;
const COPY_2_BYTES_MAX = 64;
const COPY_1_BYTES_MAX = 11;
const COPY_1_DISTANCE_MAX = 2047;

/** A block's last bytes are never looked up, so that four-byte reads stay inside it. */
const BLOCK_TAIL_BYTES = 15;

/** After every 2^5 failed look-ups the search steps one byte further: incompressible data. */
const SKIP_SHIFT = 5;

/** The most bytes that `compress` may write for `sizeBytes` of input. */
export function compressedSizeMax(sizeBytes: number): number {
  return 32 + sizeBytes + Math.ceil(sizeBytes / 6);
}

/**
 * Compresses `[start, end)` of `input` (under 4 GiB) as one snappy block to the beginning of
 * `output`, which has room for `compressedSizeMax`; returns the number of bytes written. Greedy
 * matches by a hash of four bytes.
 */
export function compress(
  input: Uint8Array,
  start: number,
  end: number,
  output: Uint8Array,
): number {
  const table = new Uint16Array(1 << HASH_BITS);
  let length = writeHeader(output, end - start);
  for (let block = start; block < end; block += BLOCK_BYTES) {
    table.fill(0);
    length = compressBlock(input, block, Math.min(end, block + BLOCK_BYTES), {
      output,
      length,
      table,
    });
  }
  return length;
}

interface Target {
  readonly output: Uint8Array;
  readonly length: number;
  /** Hash of four bytes to the offset in the block at which they were last seen. */
  readonly table: Uint16Array;
}

function compressBlock(input: Uint8Array, start: number, end: number, target: Target): number {
  const { output, table } = target;
  let length = target.length;
  const limit = end - BLOCK_TAIL_BYTES;
  let literalStart = start;
  let position = start + 1;
  let misses = 0;
  while (position < limit) {
    const word = wordAt(input, position);
    const slot = Math.imul(word, HASH_MULTIPLIER) >>> HASH_SHIFT;
    const candidate = start + table[slot]!;
    table[slot] = position - start;
    if (candidate >= position || wordAt(input, candidate) !== word) {
      position += 1 + (misses++ >> SKIP_SHIFT);
      continue;
    }
    misses = 0;
    let matchEnd = position + MATCH_BYTES_MIN;
    const distance = position - candidate;
    while (matchEnd < end && input[matchEnd] === input[matchEnd - distance]) matchEnd++;
    length = writeLiteral(input, literalStart, position, output, length);
    length = writeCopy(output, length, distance, matchEnd - position);
    position = matchEnd;
    literalStart = matchEnd;
  }
  return writeLiteral(input, literalStart, end, output, length);
}

// Signed, unlike the one of util: it is hashed and compared, never a number on its own.
function wordAt(bytes: Uint8Array, position: number): number {
  return (
    bytes[position]! |
    (bytes[position + 1]! << 8) |
    (bytes[position + 2]! << 16) |
    (bytes[position + 3]! << 24)
  );
}

function writeHeader(output: Uint8Array, sizeBytes: number): number {
  let rest = sizeBytes;
  let length = 0;
  while (rest >= 0x80) {
    output[length++] = (rest & 0x7f) | 0x80;
    rest = Math.floor(rest / 128);
  }
  output[length++] = rest;
  return length;
}

function writeLiteral(
  input: Uint8Array,
  from: number,
  to: number,
  output: Uint8Array,
  start: number,
): number {
  const count = to - from;
  if (count === 0) return start;
  let length = start;
  if (count <= 60) {
    output[length++] = (count - 1) << 2;
  } else if (count <= 256) {
    output[length++] = 60 << 2;
    output[length++] = count - 1;
  } else {
    output[length++] = 61 << 2;
    output[length++] = (count - 1) & 0xff;
    output[length++] = (count - 1) >> 8;
  }
  output.set(input.subarray(from, to), length);
  return length + count;
}

function writeCopy(output: Uint8Array, start: number, distance: number, count: number): number {
  let length = start;
  let rest = count;
  while (rest > 0) {
    if (rest >= MATCH_BYTES_MIN && rest <= COPY_1_BYTES_MAX && distance <= COPY_1_DISTANCE_MAX) {
      output[length++] = 1 | ((rest - 4) << 2) | ((distance >> 8) << 5);
      output[length++] = distance & 0xff;
      return length;
    }
    const part = Math.min(rest, COPY_2_BYTES_MAX);
    output[length++] = 2 | ((part - 1) << 2);
    output[length++] = distance & 0xff;
    output[length++] = distance >> 8;
    rest -= part;
  }
  return length;
}
