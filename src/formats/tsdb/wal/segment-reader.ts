import { crc32c } from '../../../util/index.ts';
import { hex } from '../block/index-format.ts';
import { BigEndianReader } from '../bytes/big-endian-reader.ts';
import type { TsdbError } from '../errors.ts';
import { tsdbFault } from '../errors.ts';
import { decompressRecord } from './compression.ts';

// A segment is pages of 32 KiB, only the last of which may be shorter. A record is one fragment or
// several, each within a page (wal.md):
//
//   type <1> length <2> CRC-32C of the data <4> data
//
// The type's low three bits: 0 the rest of the page is empty, 1 a whole record, 2 its first
// fragment, 3 one from the middle, 4 its last; then a bit each for snappy and zstd.

export const PAGE_BYTES = 32 * 1024;
const HEADER_BYTES = 7;

const EMPTY = 0;
const FULL = 1;
const FIRST = 2;
const LAST = 4;
const TYPE_MASK = 0x07;
const SNAPPY_FLAG = 0x08;
const ZSTD_FLAG = 0x10;
const UNKNOWN_FLAGS = 0xe0;

export interface WalRecord {
  /** The record's bytes, decompressed; valid until the next one is read. */
  readonly bytes: Uint8Array;
  /** Where in the file the record begins. */
  readonly offset: number;
}

/** Reads the records of one WAL segment from the whole file's bytes, in order. */
export class WalSegmentReader {
  readonly #bytes: Uint8Array;
  readonly #file: string;
  #position = 0;

  constructor(bytes: Uint8Array, file: string) {
    this.#bytes = bytes;
    this.#file = file;
  }

  /** End of the last record read, in bytes. */
  get position(): number {
    return this.#position;
  }

  /**
   * The next record; undefined at the end.
   * @throws TsdbError with the offset of the fragment that is wrong; reading cannot go on then.
   */
  next(): WalRecord | undefined {
    const parts: Uint8Array[] = [];
    let offset = 0;
    let at = this.#position;
    for (;;) {
      at = this.#skipPadding(at);
      if (at >= this.#bytes.length) {
        if (parts.length > 0) throw this.#fault(at, 'it ends inside a record');
        this.#position = at;
        return undefined;
      }
      const type = this.#bytes[at]!;
      const data = this.#fragment(at);
      const kind = type & TYPE_MASK;
      const begins = kind === FULL || kind === FIRST;
      if (kind > LAST || begins !== (parts.length === 0) || (type & UNKNOWN_FLAGS) !== 0) {
        const before = parts.length === 0 ? 'between records' : 'inside a record';
        throw this.#fault(at, `a fragment of type ${hex(type)} ${before}`);
      }
      if (parts.length === 0) offset = at;
      parts.push(data);
      at += HEADER_BYTES + data.length;
      if (kind === FULL || kind === LAST) {
        const bytes = this.#decompress(joined(parts), type, offset);
        this.#position = at;
        return { bytes, offset };
      }
    }
  }

  /** Moves on to the next page where the rest of this one is empty. */
  #skipPadding(from: number): number {
    let at = from;
    while (at < this.#bytes.length && (this.#bytes[at]! & TYPE_MASK) === EMPTY) {
      const end = Math.min(pageEnd(at), this.#bytes.length);
      for (let index = at; index < end; index++) {
        if (this.#bytes[index] !== 0) throw this.#fault(index, 'a byte that is not 0 in padding');
      }
      at = end;
    }
    return at;
  }

  #fragment(at: number): Uint8Array {
    const end = Math.min(pageEnd(at), this.#bytes.length);
    const reader = new BigEndianReader(this.#bytes, at, end, { file: this.#file });
    reader.skip(1);
    const length = reader.u16();
    const stored = reader.u32();
    const start = reader.skip(length);
    const computed = crc32c(this.#bytes, start, start + length);
    if (stored !== computed) {
      throw this.#fault(at, `checksum ${hex(stored)} of a fragment, wanted ${hex(computed)}`);
    }
    return this.#bytes.subarray(start, start + length);
  }

  #decompress(bytes: Uint8Array, type: number, offset: number): Uint8Array {
    const place = { file: this.#file, offset };
    if ((type & SNAPPY_FLAG) !== 0) return decompressRecord(bytes, 'snappy', place);
    if ((type & ZSTD_FLAG) !== 0) return decompressRecord(bytes, 'zstd', place);
    return bytes;
  }

  #fault(offset: number, problem: string): TsdbError {
    return tsdbFault({ file: this.#file, offset }, problem);
  }
}

/**
 * Whether a fault at `offset` is what a crash leaves behind: it is in the last page of the last
 * segment, so nothing whole can come after it.
 */
export function isTornTail(offset: number, sizeBytes: number): boolean {
  return pageEnd(offset) >= sizeBytes;
}

function pageEnd(offset: number): number {
  return offset - (offset % PAGE_BYTES) + PAGE_BYTES;
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const only = parts[0];
  if (parts.length === 1 && only !== undefined) return only;
  return Buffer.concat(parts);
}
