// Reading protobuf fields with bounds, as src/formats/protobuf/wire-reader.ts does: same refusals,
// same places.

/** What the last `takeKey` read: field number * 8 + wire type. */
export let key: u32 = 0;
/** What the last `takeNumber` read. */
export let number: u64 = 0;
/** Where the field ends whose length `takeLength` read. */
export let fieldEnd: usize = 0;
/** Where the last fault was. Each function here returns 0 for a fault, else the next address. */
export let faultAt: usize = 0;

export function fault(position: usize): usize {
  faultAt = position;
  return 0;
}

export function takeNumber(position: usize, limit: usize): usize {
  if (position < limit) {
    const byte = load<u8>(position);
    // Fast path: most keys and lengths are one byte.
    if (byte < 0x80) {
      number = byte;
      return position + 1;
    }
  }
  return takeLongNumber(position, limit);
}

export function takeLongNumber(start: usize, limit: usize): usize {
  let value: u64 = 0;
  let position = start;
  for (let shift: u64 = 0; shift < 70 && position < limit; shift += 7) {
    const byte = <u64>load<u8>(position++);
    value |= (byte & 0x7f) << shift;
    if (byte < 0x80) {
      number = value;
      return position;
    }
  }
  return fault(start);
}

export function takeKey(position: usize, limit: usize): usize {
  const after = takeNumber(position, limit);
  if (after === 0) return 0;
  if (number < 8 || number > u32.MAX_VALUE) return fault(after);
  key = <u32>number;
  return after;
}

/** Reads a length to `fieldEnd`; the field's first byte. */
export function takeLength(position: usize, limit: usize): usize {
  const after = takeNumber(position, limit);
  if (after === 0) return 0;
  if (number > <u64>(limit - after)) return fault(after);
  fieldEnd = after + <usize>number;
  return after;
}

/** Skips the value of a field whose key was read. */
export function skip(position: usize, limit: usize): usize {
  switch (key & 7) {
    case 0:
      return takeNumber(position, limit);
    case 1:
      return limit - position < 8 ? fault(position) : position + 8;
    case 2:
      return takeLength(position, limit) === 0 ? 0 : fieldEnd;
    case 5:
      return limit - position < 4 ? fault(position) : position + 4;
    default:
      return fault(position);
  }
}

/** Skips a field whose number must not be one of 1 to `knownMax`. */
export function skipUnknown(position: usize, limit: usize, knownMax: u32): usize {
  return key >> 3 <= knownMax ? fault(position) : skip(position, limit);
}
