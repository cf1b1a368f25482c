import type { Exemplar, Labels, Metadata, SampleColumns } from '../../model/index.ts';
import { HIGH_WORD, LOW_WORD, METRIC_TYPES } from '../../model/index.ts';
import { ByteWriter, varintSize } from '../../util/index.ts';

// Keys of the fields, see walk.ts and decode.ts for the messages.
const KEY_REQUEST_SERIES = 0x0a;
const KEY_REQUEST_METADATA = 0x1a;
const KEY_SERIES_LABEL = 0x0a;
const KEY_SERIES_SAMPLE = 0x12;
const KEY_SERIES_EXEMPLAR = 0x1a;
const KEY_FIRST_DOUBLE = 0x09;
const KEY_SECOND_DOUBLE = 0x11;
const KEY_FIRST_VARINT = 0x08;
const KEY_SECOND_VARINT = 0x10;
const KEY_THIRD_VARINT = 0x18;
const KEY_FIRST_BYTES = 0x0a;
const KEY_SECOND_BYTES = 0x12;
const KEY_FOURTH_BYTES = 0x22;
const KEY_FIFTH_BYTES = 0x2a;

/** Key and eight bytes. */
const DOUBLE_FIELD_BYTES = 9;

/** A series to be sent. */
export interface WriteSeries {
  /** The label set, or what `encodeLabels` made of it, for senders that keep that. */
  readonly labels: Labels | Uint8Array;
  /** Values go out bit for bit. */
  readonly samples: SampleColumns;
  readonly exemplars?: readonly Exemplar[];
}

export interface WriteMetadata {
  readonly familyName: string;
  readonly metadata: Metadata;
}

/**
 * Encodes a remote write 1.0 message (`prometheus.WriteRequest`), not compressed, into `writer`,
 * after what is there. Series without samples and exemplars are left out.
 */
export function encodeWriteRequest(
  writer: ByteWriter,
  series: Iterable<WriteSeries>,
  metadata: Iterable<WriteMetadata> = [],
): void {
  for (const one of series) encodeSeries(writer, one);
  for (const one of metadata) {
    const message = new ByteWriter(256);
    encodeMetadata(message, one);
    writeBytes(writer, KEY_REQUEST_METADATA, message.written());
  }
}

/** The label fields of a series as they stand in the message. */
export function encodeLabels(labels: Labels): Uint8Array {
  const writer = new ByteWriter(64 * labels.size);
  for (const [name, value] of labels) encodeLabel(writer, name, value);
  return writer.written().slice();
}

function encodeLabel(writer: ByteWriter, name: string, value: string): void {
  const message = new ByteWriter(name.length + value.length + 16);
  writeBytes(message, KEY_FIRST_BYTES, Buffer.from(name));
  writeBytes(message, KEY_SECOND_BYTES, Buffer.from(value));
  writeBytes(writer, KEY_SERIES_LABEL, message.written());
}

function encodeSeries(writer: ByteWriter, series: WriteSeries): void {
  const { samples } = series;
  const exemplars = (series.exemplars ?? []).map(encodeExemplar);
  if (samples.length === 0 && exemplars.length === 0) return;
  const labels = series.labels instanceof Uint8Array ? series.labels : encodeLabels(series.labels);
  let size = labels.length;
  for (let index = 0; index < samples.length; index++) {
    // A sample's own size is below 128, one byte.
    size += 2 + sampleSize(samples.timestamps[index]!);
  }
  for (const exemplar of exemplars) size += 1 + varintSize(exemplar.length) + exemplar.length;
  writer.uint(KEY_REQUEST_SERIES);
  writer.uint(size);
  writer.bytes(labels);
  for (let index = 0; index < samples.length; index++) encodeSample(writer, samples, index);
  for (const exemplar of exemplars) writeBytes(writer, KEY_SERIES_EXEMPLAR, exemplar);
}

function sampleSize(timestamp: number): number {
  return DOUBLE_FIELD_BYTES + 1 + varintSize(timestamp);
}

function encodeSample(writer: ByteWriter, samples: SampleColumns, index: number): void {
  const timestamp = samples.timestamps[index]!;
  writer.uint(KEY_SERIES_SAMPLE);
  writer.uint(sampleSize(timestamp));
  writer.uint(KEY_FIRST_DOUBLE);
  const { words } = samples;
  writer.words64(words[2 * index + LOW_WORD]!, words[2 * index + HIGH_WORD]!);
  writer.uint(KEY_SECOND_VARINT);
  writer.int(timestamp);
}

function encodeExemplar({ labelPairs, value, timestamp }: Exemplar): Uint8Array {
  const writer = new ByteWriter(128);
  for (let index = 0; index + 1 < labelPairs.length; index += 2) {
    encodeLabel(writer, labelPairs[index]!, labelPairs[index + 1]!);
  }
  writer.uint(KEY_SECOND_DOUBLE);
  writer.double(value);
  if (timestamp !== undefined) {
    writer.uint(KEY_THIRD_VARINT);
    writer.int(timestamp);
  }
  return writer.written();
}

function encodeMetadata(writer: ByteWriter, { familyName, metadata }: WriteMetadata): void {
  writer.uint(KEY_FIRST_VARINT);
  writer.uint(Math.max(0, METRIC_TYPES.indexOf(metadata.type)));
  writeBytes(writer, KEY_SECOND_BYTES, Buffer.from(familyName));
  writeBytes(writer, KEY_FOURTH_BYTES, Buffer.from(metadata.help));
  writeBytes(writer, KEY_FIFTH_BYTES, Buffer.from(metadata.unit));
}

function writeBytes(writer: ByteWriter, key: number, bytes: Uint8Array): void {
  writer.uint(key);
  writer.uint(bytes.length);
  writer.bytes(bytes);
}
