import { crc32c } from '../../../util/index.ts';
import type { BytesSource } from '../bytes/big-endian-reader.ts';
import { BigEndianReader } from '../bytes/big-endian-reader.ts';
import { tsdbFault } from '../errors.ts';

export const INDEX_MAGIC = 0xbaaad700;
export const INDEX_HEADER_BYTES = 5;
export const TOC_BYTES = 52;
export const CRC_BYTES = 4;
/** In version 2, series begin at multiples of this and are referred to by the multiple. */
export const SERIES_ALIGNMENT = 16;

/** Offsets of the index's parts; 0 for one that is not there. */
export interface IndexToc {
  readonly symbols: number;
  readonly series: number;
  readonly labelIndices: number;
  readonly labelIndicesTable: number;
  readonly postings: number;
  readonly postingsTable: number;
}

/** Where a chunk of a series lies, and when its samples are. */
export interface ChunkMeta {
  /** Integer milliseconds, both inclusive. */
  readonly minTime: number;
  readonly maxTime: number;
  /** Number of the segment file, from 0 (the file is named one more), and offset in it. */
  readonly segment: number;
  readonly offset: number;
}

/** Checks the checksum that follows `bytes[start, end)`. @throws TsdbError */
export function checkCrc(
  bytes: Uint8Array,
  start: number,
  end: number,
  { file, base = 0 }: BytesSource,
): void {
  const reader = new BigEndianReader(bytes, end, end + CRC_BYTES, { file, base });
  const stored = reader.u32();
  const computed = crc32c(bytes, start, end);
  if (stored === computed) return;
  const place = { file, offset: base + end };
  throw tsdbFault(place, `checksum ${hex(stored)}, wanted ${hex(computed)} for the bytes before`);
}

/** A reader of a section: its length in four bytes, that many bytes, and their checksum. */
export function openSection(bytes: Uint8Array, offset: number, file: string): BigEndianReader {
  const header = new BigEndianReader(bytes, offset, bytes.length, { file });
  const length = header.u32();
  const start = header.skip(length);
  checkCrc(bytes, start, start + length, { file });
  return new BigEndianReader(bytes, start, start + length, { file });
}

export function hex(word: number): string {
  return `0x${word.toString(16).padStart(8, '0')}`;
}
