/** The Castagnoli polynomial, bits reversed. */
const POLYNOMIAL = 0x82f63b78;
const LANES = 8;
const LANE = 256;
/** A multiple of the lanes. */
const BLOCK = 1024;

// Table k holds the CRC of one byte followed by k zero bytes, so that eight bytes are folded in
// with eight look-ups that do not wait for each other ("slicing by 8").
const TABLE = buildTable();

function buildTable(): Int32Array {
  const table = new Int32Array(LANES * LANE);
  for (let byte = 0; byte < LANE; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1;
    table[byte] = crc;
  }
  for (let index = LANE; index < table.length; index++) {
    const before = table[index - LANE]!;
    table[index] = (before >>> 8) ^ table[before & 0xff]!;
  }
  return table;
}

/**
 * CRC-32C (Castagnoli, as iSCSI, ext4 and Prometheus files use it) of `bytes[start, end)`, as an
 * unsigned 32-bit number. `previous` is the CRC of what came before, to go on from there.
 */
export function crc32c(
  bytes: Uint8Array,
  start = 0,
  end: number = bytes.length,
  previous = 0,
): number {
  let crc = ~previous;
  for (let at = start; at < end; at += BLOCK) {
    crc = fold(bytes, at, Math.min(end, at + BLOCK), crc);
  }
  return ~crc >>> 0;
}

/** Of a block at a time: a function that is called often is compiled well, and soon. */
function fold(bytes: Uint8Array, start: number, end: number, before: number): number {
  const table = TABLE;
  let crc = before;
  let at = start;
  for (const wideEnd = end - 7; at < wideEnd; at += 8) {
    crc ^= bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
    crc =
      table[1792 + (crc & 0xff)]! ^
      table[1536 + ((crc >>> 8) & 0xff)]! ^
      table[1280 + ((crc >>> 16) & 0xff)]! ^
      table[1024 + (crc >>> 24)]! ^
      table[768 + bytes[at + 4]!]! ^
      table[512 + bytes[at + 5]!]! ^
      table[256 + bytes[at + 6]!]! ^
      table[bytes[at + 7]!]!;
  }
  for (; at < end; at++) {
    crc = (crc >>> 8) ^ table[(crc ^ bytes[at]!) & 0xff]!;
  }
  return crc;
}
