import { decompress as decompressZstd } from 'fzstd';
import { messageOf } from '../../../model/index.ts';
import { decompress as decompressSnappy, decompressedSize } from '../../snappy/index.ts';
import { BigEndianReader } from '../bytes/big-endian-reader.ts';
import type { Place } from '../errors.ts';
import { TsdbError, tsdbFault } from '../errors.ts';

/** A record holds what one commit wrote: far below this. */
const RECORD_BYTES_MAX = 256 * 1024 * 1024;

const ZSTD_MAGIC = 0x28b52ffd;

/** Decompresses a WAL record. @throws TsdbError at `place` */
export function decompressRecord(
  bytes: Uint8Array,
  method: 'snappy' | 'zstd',
  place: Place,
): Uint8Array {
  try {
    if (method === 'zstd') {
      checkZstdSize(bytes, place);
      return decompressZstd(bytes);
    }
    const size = decompressedSize(bytes, 0, bytes.length, RECORD_BYTES_MAX);
    const output = new Uint8Array(size);
    decompressSnappy(bytes, 0, bytes.length, output);
    return output;
  } catch (error) {
    if (error instanceof TsdbError) throw error;
    throw tsdbFault(place, `a ${method} record that cannot be read: ${messageOf(error)}`, error);
  }
}

/** Refuses a frame whose header (RFC 8878, 3.1.1.1) announces too much, before room is made. */
function checkZstdSize(bytes: Uint8Array, place: Place): void {
  const reader = new BigEndianReader(bytes, 0, bytes.length, {
    file: place.file,
    base: place.offset,
  });
  if (reader.u32() !== ZSTD_MAGIC) throw tsdbFault(place, 'a zstd record without its magic number');
  const descriptor = reader.u8();
  const isSingleSegment = (descriptor & 0x20) !== 0;
  const dictionaryBytes = [0, 1, 2, 4][descriptor & 3]!;
  const sizeBytes = [isSingleSegment ? 1 : 0, 2, 4, 8][descriptor >>> 6]!;
  let wanted = 0;
  if (!isSingleSegment) {
    const window = reader.u8();
    const base = 2 ** (10 + (window >>> 3));
    wanted = base + (base / 8) * (window & 7);
  }
  const at = reader.skip(dictionaryBytes) + dictionaryBytes;
  reader.skip(sizeBytes);
  let size = 0;
  for (let index = sizeBytes - 1; index >= 0; index--) size = size * 256 + bytes[at + index]!;
  if (Math.max(size, wanted) > RECORD_BYTES_MAX) {
    throw tsdbFault(place, `a zstd record of ${size} bytes, wanted at most ${RECORD_BYTES_MAX}`);
  }
}
