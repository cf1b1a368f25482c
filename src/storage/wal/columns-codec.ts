import type { ByteReader } from './byte-reader.ts';
import { RecordFormatError } from './byte-reader.ts';

/** How the times of a column are written, in commits and checkpoints of version 1. */
export const TimeForm = {
  /** One time for all: a scrape, most requests. */
  SAME: 0,
  /** The least time, then 32-bit distances from it. */
  NEAR: 1,
  /** Eight bytes each. */
  WIDE: 2,
} as const;

/** Reads `length` times into `into` from index `at` on. */
export function decodeTimes(
  reader: ByteReader,
  length: number,
  into: Float64Array,
  at: number,
): void {
  const form = reader.u8();
  if (form === TimeForm.SAME) {
    into.fill(reader.f64(), at, at + length);
  } else if (form === TimeForm.NEAR) {
    const least = reader.f64();
    for (let index = at; index < at + length; index++) into[index] = least + reader.u32();
  } else if (form === TimeForm.WIDE) {
    bytesOf(into, into.byteLength).set(reader.bytes(8 * length), 8 * at);
  } else {
    throw new RecordFormatError(`${form} is no form of times`);
  }
}

/** Words as they are in memory: the format is little-endian, and so must the machine be. */
export function decodeWords(
  reader: ByteReader,
  length: number,
  into: Uint32Array,
  at: number,
): void {
  bytesOf(into, into.byteLength).set(reader.bytes(4 * length), 4 * at);
}

function bytesOf(array: Float64Array | Uint32Array, lengthBytes: number): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, lengthBytes);
}
