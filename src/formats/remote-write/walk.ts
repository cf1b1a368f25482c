import { WireReader } from '../protobuf/wire-reader.ts';
import { remoteWriteFault } from './errors.ts';
import type { RemoteWriteVisitor } from './visitor.ts';

// Keys of the fields of prometheus.WriteRequest (remote.proto): 1 timeseries, 3 metadata.
const KEY_TIMESERIES = 0x0a;
const KEY_METADATA = 0x1a;
const REQUEST_FIELD_MAX = 3;
/** Reserved: some senders put a source there, of whatever type. */
const REQUEST_FIELD_SOURCE = 2;

// prometheus.TimeSeries (types.proto): 1 labels, 2 samples, 3 exemplars, 4 histograms.
const KEY_LABEL = 0x0a;
const KEY_SAMPLE = 0x12;
const KEY_EXEMPLAR = 0x1a;
const KEY_HISTOGRAM = 0x22;
const SERIES_FIELD_MAX = 4;

// prometheus.Sample: 1 value (double), 2 timestamp (int64).
const KEY_SAMPLE_VALUE = 0x09;
const KEY_SAMPLE_TIMESTAMP = 0x10;
const SAMPLE_FIELD_MAX = 2;

/**
 * Walks a remote write 1.0 message (`prometheus.WriteRequest`, not compressed) in
 * `[start, end)` of `bytes`. Unknown fields are skipped; labels, exemplars, histograms and
 * metadata are given as byte ranges and not looked into.
 * @throws RemoteWriteError; series before the fault have been visited by then.
 */
export function walkWriteRequest(
  bytes: Uint8Array,
  start: number,
  end: number,
  visitor: RemoteWriteVisitor,
): void {
  const reader = new WireReader(bytes, start, end, remoteWriteFault);
  while (reader.position < end) {
    const key = reader.key();
    if (key === KEY_TIMESERIES) {
      reader.limit = reader.lengthEnd();
      walkSeries(reader, visitor);
      reader.limit = end;
    } else if (key === KEY_METADATA) {
      const metadataEnd = reader.lengthEnd();
      visitor.metadata(reader.position, metadataEnd);
      reader.position = metadataEnd;
    } else if (key >>> 3 === REQUEST_FIELD_SOURCE) {
      reader.skip(key);
    } else {
      reader.skipUnknown(key, REQUEST_FIELD_MAX);
    }
  }
}

/** One series: first its labels, wherever they are, then everything else in order. */
function walkSeries(reader: WireReader, visitor: RemoteWriteVisitor): void {
  const { bytes, limit } = reader;
  const start = reader.position;
  const labelsEnd = skipLabels(reader);
  const scattered = hasLabel(reader);
  if (scattered) {
    reader.position = start;
    const labels = gatherLabels(reader);
    visitor.series(labels, 0, labels.length);
  } else {
    visitor.series(bytes, start, labelsEnd);
  }
  reader.position = labelsEnd;
  while (reader.position < limit) {
    const key = reader.key();
    if (key === KEY_SAMPLE) {
      reader.limit = reader.lengthEnd();
      walkSample(reader, visitor);
      reader.limit = limit;
    } else {
      walkOther(reader, key, visitor);
    }
  }
}

function walkOther(reader: WireReader, key: number, visitor: RemoteWriteVisitor): void {
  if (key !== KEY_EXEMPLAR && key !== KEY_HISTOGRAM && key !== KEY_LABEL) {
    reader.skipUnknown(key, SERIES_FIELD_MAX);
    return;
  }
  const end = reader.lengthEnd();
  if (key === KEY_EXEMPLAR) visitor.exemplar(reader.position, end);
  else if (key === KEY_HISTOGRAM) visitor.histogram(reader.position, end);
  reader.position = end;
}

/** Skips the label fields with which a series begins; returns where they end. */
function skipLabels(reader: WireReader): number {
  const { bytes, limit } = reader;
  let position = reader.position;
  while (position < limit && bytes[position] === KEY_LABEL) {
    const length = position + 1 < limit ? bytes[position + 1]! : 0x80;
    if (length < 0x80 && length <= limit - position - 2) {
      // Fast path: the length is one byte and the label inside of the series.
      position += 2 + length;
    } else {
      reader.position = position + 1;
      position = reader.lengthEnd();
    }
  }
  reader.position = position;
  return position;
}

/** Whether a label field follows among the rest, which it reads through. */
function hasLabel(reader: WireReader): boolean {
  let found = false;
  while (reader.position < reader.limit) {
    const key = reader.key();
    if (key === KEY_LABEL) found = true;
    reader.skip(key);
  }
  return found;
}

/** The label fields of a series side by side, in order, each with key and length. */
function gatherLabels(reader: WireReader): Uint8Array {
  const gathered = new Uint8Array(reader.limit - reader.position);
  let length = 0;
  while (reader.position < reader.limit) {
    const start = reader.position;
    const key = reader.key();
    reader.skip(key);
    if (key !== KEY_LABEL) continue;
    gathered.set(reader.bytes.subarray(start, reader.position), length);
    length += reader.position - start;
  }
  return gathered.subarray(0, length);
}

function walkSample(reader: WireReader, visitor: RemoteWriteVisitor): void {
  const { bytes, limit } = reader;
  const start = reader.position;
  let valueOffset = -1;
  let timestamp = 0;
  if (
    limit - start > 10 &&
    bytes[start] === KEY_SAMPLE_VALUE &&
    bytes[start + 9] === KEY_SAMPLE_TIMESTAMP
  ) {
    // Fast path: both fields, in order.
    valueOffset = start + 1;
    reader.position = start + 10;
    timestamp = reader.int();
  }
  // Of a repeated field the last one counts, as protobuf says.
  while (reader.position < limit) {
    const key = bytes[reader.position]!;
    if (key === KEY_SAMPLE_VALUE) {
      reader.position++;
      valueOffset = reader.fixed64();
    } else if (key === KEY_SAMPLE_TIMESTAMP) {
      reader.position++;
      timestamp = reader.int();
    } else {
      reader.skipUnknown(reader.key(), SAMPLE_FIELD_MAX);
    }
  }
  visitor.sample(valueOffset, timestamp);
}
