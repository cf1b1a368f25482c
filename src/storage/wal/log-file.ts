import { crc32c } from '../../util/index.ts';
import type { ByteWriter } from './byte-writer.ts';

/**
 * Files of the log and of checkpoints, little-endian:
 *
 *     file header   | magic u32 | version u32 | sequence u32 | CRC-32C of these u32 |
 *     record        | length u32 | CRC-32C of the body u32 | check u32 | body: kind u8, payload |
 *
 * `length` is that of the body. `check` is the CRC-32C of the eight bytes before it: with it, the
 * next record after a damaged place is found by looking at twelve bytes at a time, and a run of
 * zeros is no record.
 */
export const FILE_HEADER_BYTES = 16;
export const RECORD_HEADER_BYTES = 12;

export const FileMagic = {
  /** `TGWL` */
  SEGMENT: 0x4c574754,
  /** `TGCP` */
  CHECKPOINT: 0x50434754,
} as const;
export type FileMagic = (typeof FileMagic)[keyof typeof FileMagic];

/** What is written. Older versions, from 1 on, are read for ever. */
const VERSIONS: Readonly<Record<FileMagic, number>> = {
  /** 2: commits that depend on each other. */
  [FileMagic.SEGMENT]: 2,
  /** 2: series with packed samples. 3: with chunks as the head has them. */
  [FileMagic.CHECKPOINT]: 3,
};

export function encodeFileHeader(magic: FileMagic, sequence: number): Uint8Array {
  const bytes = new Uint8Array(FILE_HEADER_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, magic, true);
  view.setUint32(4, VERSIONS[magic], true);
  view.setUint32(8, sequence, true);
  view.setUint32(12, crc32c(bytes, 0, 12), true);
  return bytes;
}

/** Begins a record; the body is written next, then `endRecord` with what this returned. */
export function beginRecord(writer: ByteWriter): number {
  const start = writer.length;
  writer.reserve(RECORD_HEADER_BYTES);
  writer.length += RECORD_HEADER_BYTES;
  return start;
}

/** Ends a record; the checksum of its body. */
export function endRecord(writer: ByteWriter, start: number): number {
  const body = start + RECORD_HEADER_BYTES;
  const checksum = crc32c(writer.buffer, body, writer.length);
  writer.setU32(start, writer.length - body);
  writer.setU32(start + 4, checksum);
  writer.setU32(start + 8, crc32c(writer.buffer, start, start + 8));
  return checksum;
}

/** Bytes `[start, end)` of a file that are no record. */
export interface DamagedRange {
  readonly start: number;
  readonly end: number;
}

export interface ScanResult {
  /** End of the last record with a right checksum (or of the file header). */
  readonly goodEnd: number;
  /** Damaged places that such records follow, and records that cannot be read. */
  readonly damaged: readonly DamagedRange[];
  readonly recordCount: number;
}

/** Whether a good file header is of an older version, which is not written to any more. */
export function isOldFile(bytes: Uint8Array, magic: FileMagic): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return view.getUint32(4, true) < VERSIONS[magic];
}

export type HeaderState = 'good' | 'damaged' | 'newer';

export function checkFileHeader(bytes: Uint8Array, magic: FileMagic): HeaderState {
  if (bytes.length < FILE_HEADER_BYTES) return 'damaged';
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (view.getUint32(0, true) !== magic || view.getUint32(12, true) !== crc32c(bytes, 0, 12)) {
    return 'damaged';
  }
  return view.getUint32(4, true) <= VERSIONS[magic] ? 'good' : 'newer';
}

/**
 * Calls `onBody` with the bounds and the checksum of each good record's body, in order. `onBody`
 * returns false for a body that it cannot read, which then counts as damaged. What follows the last
 * record and is none (a torn write) is not among the damaged places: it lies between `goodEnd` and
 * the end.
 */
export function scanRecords(
  bytes: Uint8Array,
  onBody: (start: number, end: number, checksum: number) => boolean,
): ScanResult {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const damaged: DamagedRange[] = [];
  let recordCount = 0;
  let goodEnd = FILE_HEADER_BYTES;
  let at = FILE_HEADER_BYTES;
  while (at < bytes.length) {
    const end = headerEnd(bytes, view, at);
    if (end === undefined) {
      at = nextRecord(bytes, view, at + 1);
      continue;
    }
    const body = at + RECORD_HEADER_BYTES;
    const checksum = view.getUint32(at + 4, true);
    if (crc32c(bytes, body, end) !== checksum) {
      at = end;
      continue;
    }
    if (at > goodEnd) addDamage(damaged, goodEnd, at);
    if (onBody(body, end, checksum)) recordCount++;
    else addDamage(damaged, at, end);
    goodEnd = end;
    at = end;
  }
  return { goodEnd, damaged, recordCount };
}

/** Adds a damaged range; one that follows another at once is part of it. */
function addDamage(damaged: DamagedRange[], start: number, end: number): void {
  const last = damaged.at(-1);
  if (last?.end !== start) damaged.push({ start, end });
  else damaged[damaged.length - 1] = { start: last.start, end };
}

/** End of the record at `at` when its header is right. */
function headerEnd(bytes: Uint8Array, view: DataView, at: number): number | undefined {
  if (at + RECORD_HEADER_BYTES >= bytes.length) return undefined;
  const length = view.getUint32(at, true);
  const end = at + RECORD_HEADER_BYTES + length;
  if (length === 0 || end > bytes.length) return undefined;
  return crc32c(bytes, at, at + 8) === view.getUint32(at + 8, true) ? end : undefined;
}

/** Where the next record with a right header begins, at `from` or later; else the end. */
function nextRecord(bytes: Uint8Array, view: DataView, from: number): number {
  for (let at = from; at + RECORD_HEADER_BYTES < bytes.length; at++) {
    if (headerEnd(bytes, view, at) !== undefined) return at;
  }
  return bytes.length;
}
