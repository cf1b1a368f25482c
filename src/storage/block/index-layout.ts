import { crc32c } from '../../util/index.ts';
import { StorageError } from '../errors.ts';

/** `TGIX` and `TGCH`: first four bytes of a block's index and of its chunks. */
export const INDEX_MAGIC = 0x58494754;
export const CHUNKS_MAGIC = 0x48434754;
const FORMAT_VERSION = 1;
export const FILE_HEADER_BYTES = 8;

/** Values, and series, are found by groups of so many. */
export const INDEX_GROUP = 16;

/** Parts of the index in the order of the file; docs/formats/block.md draws them. */
const SECTIONS = [
  'names',
  'values',
  'valueGroups',
  'postings',
  'postingGroups',
  'shapes',
  'columns',
  'series',
  'seriesGroups',
] as const;
export type Section = (typeof SECTIONS)[number];

const ENTRY_BYTES = 12;
/** Offset, length and CRC of each section, then the CRC of these. */
const FOOTER_BYTES = SECTIONS.length * ENTRY_BYTES + 4;

export function encodeHeader(magic: number): Uint8Array {
  const bytes = new Uint8Array(FILE_HEADER_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, magic, true);
  view.setUint32(4, FORMAT_VERSION, true);
  return bytes;
}

/** @throws StorageError unless the file begins as one of this kind and version does. */
export function checkHeader(path: string, bytes: Uint8Array, magic: number): void {
  if (bytes.length < FILE_HEADER_BYTES) throw new StorageError(`${path} is too short for a file`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (view.getUint32(0, true) !== magic) {
    throw new StorageError(`${path} does not begin as a file of its kind does`);
  }
  const version = view.getUint32(4, true);
  if (version !== FORMAT_VERSION) {
    throw new StorageError(
      `${path} is of version ${version}, this program reads ${FORMAT_VERSION}`,
    );
  }
}

/** The sections' places and checksums, to stand behind them. */
export function encodeFooter(index: Uint8Array, ends: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(FOOTER_BYTES);
  const view = new DataView(bytes.buffer);
  let start = FILE_HEADER_BYTES;
  for (const [number, end] of ends.entries()) {
    view.setUint32(number * ENTRY_BYTES, start, true);
    view.setUint32(number * ENTRY_BYTES + 4, end - start, true);
    view.setUint32(number * ENTRY_BYTES + 8, crc32c(index, start, end), true);
    start = end;
  }
  view.setUint32(FOOTER_BYTES - 4, crc32c(bytes, 0, FOOTER_BYTES - 4), true);
  return bytes;
}

export interface SectionPlace {
  readonly section: Section;
  readonly start: number;
  readonly end: number;
  readonly checksum: number;
}

/** @throws StorageError where the end of the file is no footer of it. */
export function decodeFooter(path: string, index: Uint8Array): SectionPlace[] {
  const footer = index.length - FOOTER_BYTES;
  if (footer < FILE_HEADER_BYTES) throw new StorageError(`${path} is too short for an index`);
  const view = new DataView(index.buffer, index.byteOffset, index.length);
  if (view.getUint32(index.length - 4, true) !== crc32c(index, footer, index.length - 4)) {
    throw new StorageError(`${path} has a wrong checksum in its footer`);
  }
  return SECTIONS.map((section, number) => {
    const at = footer + number * ENTRY_BYTES;
    const start = view.getUint32(at, true);
    const end = start + view.getUint32(at + 4, true);
    if (end > footer) throw new StorageError(`${path} ends before its section ${section}`);
    return { section, start, end, checksum: view.getUint32(at + 8, true) };
  });
}

/** @throws StorageError where the section's bytes are not what was written. */
export function checkSection(path: string, index: Uint8Array, place: SectionPlace): void {
  if (crc32c(index, place.start, place.end) !== place.checksum) {
    throw new StorageError(
      `${path} has a wrong checksum in its section ${place.section}, ` +
        `bytes ${place.start} to ${place.end}`,
    );
  }
}
