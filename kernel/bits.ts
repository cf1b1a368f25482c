// Numbers of equal width side by side, least significant bit first, and varints.

/** Bytes that `count` numbers of `width` bits take. */
export function packedBytes(count: u32, width: u32): u32 {
  return (count * width + 7) >> 3;
}

/** Bits that the unsigned number needs: 0 for 0, at most 64. */
export function widthOf(value: u64): u32 {
  return 64 - <u32>clz(value);
}

/**
 * Packs `(source[i] - base) >> shift` at `target`. Writes `packedBytes` rounded up to 8, so that
 * the room must be that large.
 */
export function pack(
  source: usize,
  count: u32,
  base: u64,
  shift: u32,
  width: u32,
  target: usize,
): void {
  let pending: u64 = 0;
  let bits: u32 = 0;
  let output = target;
  for (let index: u32 = 0; index < count; index++) {
    const value = (load<u64>(source + ((<usize>index) << 3)) - base) >> shift;
    pending |= value << bits;
    bits += width;
    if (bits >= 64) {
      store<u64>(output, pending);
      output += 8;
      bits -= 64;
      // Of a value that fitted exactly nothing is left; a shift by 64 would be one by 0.
      pending = bits === 0 ? 0 : value >> (width - bits);
    }
  }
  if (bits !== 0) store<u64>(output, pending);
}

/** Number `index` of those packed at `source`. Reads up to 16 bytes beyond the last number. */
export function unpackAt(source: usize, index: u32, width: u32): u64 {
  if (width === 0) return 0;
  const bit = index * width;
  const address = source + (bit >> 3);
  const offset = bit & 7;
  let value = load<u64>(address) >> offset;
  if (offset + width > 64) value |= (<u64>load<u8>(address, 8)) << (64 - offset);
  return width === 64 ? value : value & (((<u64>1) << width) - 1);
}

export function zigzag(value: i64): u64 {
  return <u64>((value << 1) ^ (value >> 63));
}

export function unzigzag(value: u64): i64 {
  return <i64>(value >> 1) ^ -(<i64>(value & 1));
}

/** Writes at most 10 bytes; the address after them. */
export function putVarint(target: usize, value: u64): usize {
  let output = target;
  let rest = value;
  while (rest >= 0x80) {
    store<u8>(output++, <u8>rest | 0x80);
    rest >>= 7;
  }
  store<u8>(output, <u8>rest);
  return output + 1;
}

/** What the last `takeVarint` read. */
export let varint: u64 = 0;

/** Reads a varint of at most 64 bits to `varint`; the address after it, 0 when there is none. */
export function takeVarint(start: usize, end: usize): usize {
  let value: u64 = 0;
  let position = start;
  for (let shift: u64 = 0; shift < 70 && position < end; shift += 7) {
    const byte = load<u8>(position++);
    value |= (<u64>(byte & 0x7f)) << shift;
    if (byte < 0x80) {
      varint = value;
      return position;
    }
  }
  return 0;
}
