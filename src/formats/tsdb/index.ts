export type { BlockMeta, BlockStats } from './block/meta.ts';
export { formatBlockMeta, parseBlockMeta } from './block/meta.ts';
export {
  CHUNK_FRAME_BYTES_MAX,
  checkSegmentHeader,
  framedSize,
  readChunk,
  SEGMENT_BYTES_MAX,
  SEGMENT_HEADER_BYTES,
  writeChunk,
  writeSegmentHeader,
} from './block/chunk-file.ts';
export type { ChunkMeta } from './block/index-format.ts';
export { IndexReader } from './block/index-reader.ts';
export { IndexWriter } from './block/index-writer.ts';
export type { DeletedRange, Tombstones } from './block/tombstones.ts';
export { isDeleted, readTombstones, writeTombstones } from './block/tombstones.ts';
export type { RandomBytes } from './block/ulid.ts';
export { createUlid, isUlid } from './block/ulid.ts';
export { BigEndianWriter } from './bytes/big-endian-writer.ts';
export type { RawChunk } from './chunk/decode-chunk.ts';
export { decodeChunk } from './chunk/decode-chunk.ts';
export { encodeSeriesChunks } from './chunk/encode-series.ts';
export type { EncodedChunk } from './chunk/encoding.ts';
export { CHUNK_SAMPLES_MAX, ChunkEncoding } from './chunk/encoding.ts';
export type { TimedHistogram } from './chunk/histogram-decode.ts';
export { decodeHistogramChunk } from './chunk/histogram-decode.ts';
export { TsdbError } from './errors.ts';
export type { WalVisitor } from './wal/record-decoder.ts';
export { decodeWalRecord } from './wal/record-decoder.ts';
export type { WalRecord } from './wal/segment-reader.ts';
export { isTornTail, PAGE_BYTES, WalSegmentReader } from './wal/segment-reader.ts';
