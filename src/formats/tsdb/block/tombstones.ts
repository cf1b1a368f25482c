import { crc32c } from '../../../util/index.ts';
import { BigEndianReader } from '../bytes/big-endian-reader.ts';
import { BigEndianWriter } from '../bytes/big-endian-writer.ts';
import { tsdbFault, tsdbUnsupported } from '../errors.ts';
import { CRC_BYTES, checkCrc, hex } from './index-format.ts';

// magic <4> version <1>, then for each deletion: series reference <uvarint>, first time <varint>,
// last time <varint>; at the end a CRC-32C of the deletions (tombstones.md).

const MAGIC = 0x0130ba30;
const VERSION = 1;
const HEADER_BYTES = 5;

/** Times that were deleted, both inclusive, integer milliseconds. */
export interface DeletedRange {
  readonly minTime: number;
  readonly maxTime: number;
}

/** Deletions by series reference. */
export type Tombstones = ReadonlyMap<number, readonly DeletedRange[]>;

/** Reads a tombstones file. @throws TsdbError */
export function readTombstones(bytes: Uint8Array, file: string): Tombstones {
  const end = bytes.length - CRC_BYTES;
  const header = new BigEndianReader(bytes, 0, bytes.length, { file });
  const magic = header.u32();
  if (magic !== MAGIC) {
    throw tsdbFault({ file, offset: 0 }, `it begins ${hex(magic)}, wanted ${hex(MAGIC)}`);
  }
  const version = header.u8();
  if (version !== VERSION) {
    throw tsdbUnsupported({ file, offset: 4 }, `version ${version}, wanted ${VERSION}`);
  }
  if (end < HEADER_BYTES) throw header.error('it ends before its checksum');
  checkCrc(bytes, HEADER_BYTES, end, { file });
  const reader = new BigEndianReader(bytes, HEADER_BYTES, end, { file });
  const deleted = new Map<number, DeletedRange[]>();
  while (reader.remaining > 0) {
    const ref = reader.uvarint();
    // The ends of time stand for an open end and are beyond what a number holds exactly.
    const range = { minTime: reader.clampedVarint(), maxTime: reader.clampedVarint() };
    const ranges = deleted.get(ref);
    if (ranges === undefined) deleted.set(ref, [range]);
    else ranges.push(range);
  }
  return deleted;
}

/** Writes a tombstones file. The times are within ±2^52. */
export function writeTombstones(tombstones: Tombstones): Uint8Array<ArrayBuffer> {
  const writer = new BigEndianWriter(64);
  writer.u32(MAGIC);
  writer.u8(VERSION);
  for (const [ref, ranges] of tombstones) {
    for (const { minTime, maxTime } of ranges) {
      writer.uvarint(ref);
      writer.varint(minTime);
      writer.varint(maxTime);
    }
  }
  writer.u32(crc32c(writer.buffer, HEADER_BYTES, writer.length));
  return writer.written();
}

/** Whether a time was deleted. */
export function isDeleted(ranges: readonly DeletedRange[], timestamp: number): boolean {
  return ranges.some(({ minTime, maxTime }) => timestamp >= minTime && timestamp <= maxTime);
}
