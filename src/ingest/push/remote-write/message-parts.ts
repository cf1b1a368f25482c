const LENGTH_DELIMITED = 2;
const WIRE_TYPE_MASK = 7;
const VARINT_BYTES_MOST = 10;
/** Bytes of a value by wire type, where that is all there is to know. */
const FIXED_BYTES: Readonly<Record<number, number>> = { 1: 8, 5: 4 };

/**
 * Cuts a protobuf message between its fields into parts of `partBytes` or little more, each of
 * which is such a message by itself; one field is never cut. From where no field begins, the rest
 * is one part: whoever reads that says what is wrong.
 */
export function* messageParts(message: Uint8Array, partBytes: number): Generator<Uint8Array> {
  for (let start = 0, at = 0; start < message.length; start = at) {
    const end = Math.min(message.length, start + partBytes);
    while (at < end) at = fieldEnd(message, at);
    yield message.subarray(start, at);
  }
}

/** Where the field that begins at `at` ends; the end of the message where it is none. */
function fieldEnd(message: Uint8Array, at: number): number {
  const { length } = message;
  const key = message[at]!;
  const first = message[at + 1] ?? 0x80;
  // Fast path: a field number and a length of one byte each.
  if (key < 0x80 && (key & WIRE_TYPE_MASK) === LENGTH_DELIMITED && first < 0x80) {
    return Math.min(length, at + 2 + first);
  }
  const keyEnd = varintEnd(message, at);
  const wireType = key & WIRE_TYPE_MASK;
  const fixed = FIXED_BYTES[wireType];
  if (fixed !== undefined) return Math.min(length, keyEnd + fixed);
  if (wireType === 0) return varintEnd(message, keyEnd);
  if (wireType !== LENGTH_DELIMITED) return length;
  const valueStart = varintEnd(message, keyEnd);
  const end = valueStart + varint(message, keyEnd, valueStart);
  return end <= length ? end : length;
}

/** The end of the message where there is no varint. */
function varintEnd(message: Uint8Array, start: number): number {
  const most = Math.min(message.length, start + VARINT_BYTES_MOST);
  for (let at = start; at < most; at++) if (message[at]! < 0x80) return at + 1;
  return message.length;
}

/** Of more than 53 bits, something that is larger than any length. */
function varint(message: Uint8Array, start: number, end: number): number {
  let value = 0;
  for (let at = end - 1; at >= start; at--) value = value * 128 + (message[at]! & 0x7f);
  return value;
}
