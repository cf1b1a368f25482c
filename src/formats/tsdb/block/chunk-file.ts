import { crc32c } from '../../../util/index.ts';
import type { BytesSource } from '../bytes/big-endian-reader.ts';
import { BigEndianReader } from '../bytes/big-endian-reader.ts';
import type { BigEndianWriter } from '../bytes/big-endian-writer.ts';
import type { RawChunk } from '../chunk/decode-chunk.ts';
import type { EncodedChunk } from '../chunk/encoding.ts';
import { tsdbFault, tsdbUnsupported } from '../errors.ts';
import { CRC_BYTES, checkCrc, hex } from './index-format.ts';

// A segment file (chunks.md):
//
//   magic <4> version <1> padding <3>, then for each chunk
//   length <uvarint>, encoding <1>, data <length bytes>, CRC-32C of encoding and data <4>

const MAGIC = 0x85bd40dd;
const VERSION = 1;
const LENGTH_BYTES_MAX = 5;

export const SEGMENT_HEADER_BYTES = 8;
/** Size at which the next segment file is begun. */
export const SEGMENT_BYTES_MAX = 512 * 1024 * 1024;
/** More than the bytes of a chunk besides its data. */
export const CHUNK_FRAME_BYTES_MAX = LENGTH_BYTES_MAX + 1 + CRC_BYTES;

export function writeSegmentHeader(writer: BigEndianWriter): void {
  writer.u32(MAGIC);
  writer.u8(VERSION);
  writer.pad(SEGMENT_HEADER_BYTES);
}

/** Checks a segment file's first bytes. @throws TsdbError */
export function checkSegmentHeader(bytes: Uint8Array, file: string): void {
  const reader = new BigEndianReader(bytes, 0, bytes.length, { file });
  const magic = reader.u32();
  if (magic !== MAGIC) {
    throw tsdbFault({ file, offset: 0 }, `it begins ${hex(magic)}, wanted ${hex(MAGIC)}`);
  }
  const version = reader.u8();
  if (version === VERSION) return;
  throw tsdbUnsupported({ file, offset: 4 }, `chunks of version ${version}, wanted ${VERSION}`);
}

export function writeChunk(writer: BigEndianWriter, { encoding, data }: EncodedChunk): void {
  writer.uvarint(data.length);
  const start = writer.length;
  writer.u8(encoding);
  writer.bytes(data);
  writer.u32(crc32c(writer.buffer, start, writer.length));
}

/** Bytes that a chunk takes in its file, from the first few of them. @throws TsdbError */
export function framedSize(bytes: Uint8Array, start: number, source: BytesSource): number {
  const reader = new BigEndianReader(bytes, start, bytes.length, source);
  const length = reader.uvarint();
  return reader.position - start + 1 + length + CRC_BYTES;
}

/** Reads the chunk that begins at `start`, and checks its checksum. @throws TsdbError */
export function readChunk(bytes: Uint8Array, start: number, source: BytesSource): RawChunk {
  const reader = new BigEndianReader(bytes, start, bytes.length, source);
  const length = reader.count(1);
  const body = reader.position;
  const encoding = reader.u8();
  const data = reader.skip(length);
  checkCrc(bytes, body, data + length, source);
  return { encoding, bytes, start: data, end: data + length };
}
