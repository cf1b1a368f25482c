import type { Matcher } from '../../model/index.ts';
import { messageOf, reviveMatcher } from '../../model/index.ts';
import type { TimeRange } from '../api.ts';
import { StorageError } from '../errors.ts';
import type { DeleteRecord } from '../wal/records.ts';
import { ByteReader, RecordFormatError } from '../wal/byte-reader.ts';
import { ByteWriter } from '../wal/byte-writer.ts';
import { decodeDelete, encodeDelete, RecordKind } from '../wal/records.ts';
import { crc32c } from '../../util/index.ts';

/** Samples that a delete hides in a block: as plain data, for workers. */
export interface Tombstone {
  readonly matchers: readonly Pick<Matcher, 'type' | 'name' | 'value'>[];
  readonly range: TimeRange;
}

export function tombstoneOf({ matchers, range }: DeleteRecord): Tombstone {
  const plain = matchers.map(({ type, name, value }) => ({ type, name, value }));
  return { matchers: plain, range };
}

export function reviveTombstone({ matchers, range }: Tombstone): DeleteRecord {
  return { matchers: matchers.map(reviveMatcher), range };
}

/** A block's `tombstones` file: CRC-32C of the rest, their number, then each as the log has it. */
export function encodeTombstones(tombstones: readonly Tombstone[]): Uint8Array {
  const writer = new ByteWriter();
  writer.u32(0);
  writer.varint(tombstones.length);
  for (const tombstone of tombstones) encodeDelete(writer, reviveTombstone(tombstone));
  writer.setU32(0, crc32c(writer.buffer, 4, writer.length));
  return writer.written().slice();
}

/** @throws StorageError where the file is damaged. */
export function decodeTombstones(path: string, bytes: Uint8Array): Tombstone[] {
  try {
    const reader = new ByteReader(bytes, 0, bytes.length);
    if (reader.u32() !== crc32c(bytes, 4, bytes.length)) {
      throw new RecordFormatError('the checksum is wrong');
    }
    return Array.from({ length: reader.count(18) }, () => {
      const kind = reader.u8();
      if (kind !== RecordKind.DELETE) throw new RecordFormatError(`${kind} is no tombstone`);
      return tombstoneOf(decodeDelete(reader));
    });
  } catch (error) {
    throw new StorageError(`${path} cannot be read: ${messageOf(error)}`, { cause: error });
  }
}

export function sameTombstone(a: Tombstone, b: Tombstone): boolean {
  return JSON.stringify(a) === JSON.stringify(b) && sameRange(a.range, b.range);
}

// JSON has no infinities.
function sameRange(a: TimeRange, b: TimeRange): boolean {
  return Object.is(a.minTime, b.minTime) && Object.is(a.maxTime, b.maxTime);
}
