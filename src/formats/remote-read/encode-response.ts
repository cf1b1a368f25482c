import type { Labels, SampleColumns } from '../../model/index.ts';
import { HIGH_WORD, LOW_WORD } from '../../model/index.ts';
import { ByteWriter, crc32c, varintSize } from '../../util/index.ts';
import { encodeLabels } from '../remote-write/encode.ts';
import type { EncodedChunk } from '../tsdb/chunk/encoding.ts';
import type { TimedHistogram } from '../tsdb/chunk/histogram-decode.ts';
import { encodeHistogram } from './encode-histogram.ts';

// prometheus.ReadResponse, QueryResult (remote.proto) and TimeSeries (types.proto).
const KEY_RESULT = 0x0a;
const KEY_SERIES = 0x0a;
const KEY_SERIES_SAMPLE = 0x12;
const KEY_SERIES_HISTOGRAM = 0x22;
// prometheus.Sample: 1 value (double), 2 timestamp (int64).
const KEY_SAMPLE_VALUE = 0x09;
const KEY_SAMPLE_TIME = 0x10;
/** Key and eight bytes. */
const VALUE_FIELD_BYTES = 9;
// prometheus.ChunkedReadResponse, ChunkedSeries (labels are written as in TimeSeries) and Chunk.
const KEY_CHUNKED_SERIES = 0x0a;
const KEY_QUERY_INDEX = 0x10;
const KEY_CHUNK = 0x12;
const KEY_CHUNK_MIN_TIME = 0x08;
const KEY_CHUNK_MAX_TIME = 0x10;
const KEY_CHUNK_TYPE = 0x18;
const KEY_CHUNK_DATA = 0x22;

/** Adds one series with its samples to the message of a query's result. */
export function encodeResultSeries(
  result: ByteWriter,
  labels: Labels,
  samples: SampleColumns,
  histograms: readonly TimedHistogram[],
): void {
  const { timestamps, words, length } = samples;
  const series = new ByteWriter(256 + 20 * length);
  series.bytes(encodeLabels(labels));
  for (let index = 0; index < length; index++) {
    const timestamp = timestamps[index]!;
    const low = words[2 * index + LOW_WORD]!;
    const high = words[2 * index + HIGH_WORD]!;
    // Zero is what a reader takes for a missing field; not so minus zero.
    const hasValue = (low | high) !== 0;
    series.uint(KEY_SERIES_SAMPLE);
    series.uint((hasValue ? VALUE_FIELD_BYTES : 0) + 1 + varintSize(timestamp));
    if (hasValue) {
      series.uint(KEY_SAMPLE_VALUE);
      series.words64(low, high);
    }
    series.uint(KEY_SAMPLE_TIME);
    series.int(timestamp);
  }
  for (const { timestamp, histogram } of histograms) {
    writeBytes(series, KEY_SERIES_HISTOGRAM, encodeHistogram(timestamp, histogram));
  }
  writeBytes(result, KEY_SERIES, series.written());
}

/** Adds the result of a query, complete, to a `prometheus.ReadResponse`. */
export function encodeResult(response: ByteWriter, result: ByteWriter): void {
  writeBytes(response, KEY_RESULT, result.written());
}

/**
 * One frame of the streamed answer: the length as a varint, CRC-32C (4 bytes, big-endian), and a
 * `prometheus.ChunkedReadResponse` with chunks of one series. The bytes are the caller's.
 */
export function encodeChunkFrame(
  queryIndex: number,
  labelBytes: Uint8Array,
  chunks: readonly EncodedChunk[],
): Uint8Array<ArrayBuffer> {
  const series = new ByteWriter(1024);
  series.bytes(labelBytes);
  for (const chunk of chunks) writeBytes(series, KEY_CHUNK, encodeChunk(chunk));
  const message = new ByteWriter(series.length + 16);
  writeBytes(message, KEY_CHUNKED_SERIES, series.written());
  if (queryIndex > 0) {
    message.uint(KEY_QUERY_INDEX);
    message.uint(queryIndex);
  }
  return frame(message.written());
}

function encodeChunk({ minTime, maxTime, encoding, data }: EncodedChunk): Uint8Array {
  const message = new ByteWriter(data.length + 40);
  message.uint(KEY_CHUNK_MIN_TIME);
  message.int(minTime);
  message.uint(KEY_CHUNK_MAX_TIME);
  message.int(maxTime);
  message.uint(KEY_CHUNK_TYPE);
  message.uint(encoding);
  writeBytes(message, KEY_CHUNK_DATA, data);
  return message.written();
}

function frame(message: Uint8Array): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter(message.length + 16);
  writer.uint(message.length);
  const checksum = crc32c(message, 0, message.length);
  writer.bytes(Uint8Array.of(checksum >>> 24, checksum >>> 16, checksum >>> 8, checksum));
  writer.bytes(message);
  return writer.written().slice();
}

function writeBytes(writer: ByteWriter, key: number, bytes: Uint8Array): void {
  writer.uint(key);
  writer.uint(bytes.length);
  writer.bytes(bytes);
}
