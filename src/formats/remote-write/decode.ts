import type { Exemplar, Metadata, MetricType } from '../../model/index.ts';
import { METRIC_TYPES } from '../../model/index.ts';
import { utf8Text } from '../../util/index.ts';
import { doubleAt, WireReader } from '../protobuf/wire-reader.ts';
import { remoteWriteFault } from './errors.ts';
import { readLabelPair } from './labels.ts';

// prometheus.Exemplar (types.proto): 1 labels, 2 value (double), 3 timestamp (int64).
const KEY_EXEMPLAR_LABEL = 0x0a;
const KEY_EXEMPLAR_VALUE = 0x11;
const KEY_EXEMPLAR_TIMESTAMP = 0x18;
const EXEMPLAR_FIELD_MAX = 3;

export interface DecodedExemplar {
  readonly exemplar: Exemplar;
  /** What forbids the exemplar, if anything: it is then to be dropped and counted. */
  readonly problem: string | undefined;
}

/** Decodes an exemplar. A timestamp of 0 means none. @throws RemoteWriteError */
export function decodeExemplar(bytes: Uint8Array, start: number, end: number): DecodedExemplar {
  const reader = new WireReader(bytes, start, end, remoteWriteFault);
  const labelPairs: string[] = [];
  let wellFormed = true;
  let value = 0;
  let timestamp = 0;
  while (reader.position < end) {
    const key = reader.key();
    if (key === KEY_EXEMPLAR_LABEL) {
      reader.limit = reader.lengthEnd();
      if (!readLabelPair(reader, labelPairs)) wellFormed = false;
      reader.limit = end;
    } else if (key === KEY_EXEMPLAR_VALUE) {
      value = doubleAt(bytes, reader.fixed64());
    } else if (key === KEY_EXEMPLAR_TIMESTAMP) {
      timestamp = reader.int();
    } else {
      reader.skipUnknown(key, EXEMPLAR_FIELD_MAX);
    }
  }
  return {
    exemplar: { labelPairs, value, timestamp: timestamp === 0 ? undefined : timestamp },
    problem: wellFormed ? undefined : 'a label of the exemplar is not UTF-8',
  };
}

// prometheus.MetricMetadata: 1 type, 2 metric_family_name, 4 help, 5 unit.
const KEY_TYPE = 0x08;
const KEY_FAMILY = 0x12;
const KEY_HELP = 0x22;
const KEY_UNIT = 0x2a;

export interface DecodedMetadata {
  readonly familyName: string;
  readonly metadata: Metadata;
}

/**
 * Decodes the metadata of a family. A type that is not known counts as `unknown`, bytes that are
 * not UTF-8 become U+FFFD. @throws RemoteWriteError
 */
export function decodeMetadata(bytes: Uint8Array, start: number, end: number): DecodedMetadata {
  const reader = new WireReader(bytes, start, end, remoteWriteFault);
  const text = (): string => {
    const textEnd = reader.lengthEnd();
    const textStart = reader.position;
    reader.position = textEnd;
    return utf8Text(bytes, textStart, textEnd);
  };
  let type: MetricType = 'unknown';
  let familyName = '';
  let help = '';
  let unit = '';
  while (reader.position < end) {
    const key = reader.key();
    if (key === KEY_TYPE) type = METRIC_TYPES[reader.uint()] ?? 'unknown';
    else if (key === KEY_FAMILY) familyName = text();
    else if (key === KEY_HELP) help = text();
    else if (key === KEY_UNIT) unit = text();
    else reader.skip(key);
  }
  return { familyName, metadata: { type, help, unit } };
}
