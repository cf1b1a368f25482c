import type { Exemplar } from '../../model/index.ts';
import { excerpt } from '../../model/index.ts';
import { bufferOver, isUtf8, utf8Text } from '../../util/index.ts';
import { doubleAt, WIRE_LENGTH, type WireReader } from '../protobuf/wire-reader.ts';
import { ExpositionProtoError } from './errors.ts';

/** Characters of an exemplar's labels at most, as in OpenMetrics. */
const EXEMPLAR_CHARACTERS_MAX = 128;

export function wireFault(offset: number, problem: string): ExpositionProtoError {
  return new ExpositionProtoError(offset, problem);
}

/** Reads a message that is a field: calls `field` with each key in it, which reads the value. */
export function readMessage(reader: WireReader, key: number, field: (key: number) => void): void {
  if ((key & 7) !== WIRE_LENGTH) {
    throw reader.error(`wire type ${key & 7} for field ${key >>> 3}, a message`);
  }
  const outerLimit = reader.limit;
  reader.limit = reader.lengthEnd();
  readFields(reader, field);
  reader.limit = outerLimit;
}

/** Reads fields up to the reader's limit. */
export function readFields(reader: WireReader, field: (key: number) => void): void {
  while (reader.position < reader.limit) field(reader.key());
}

/** A string field. @throws ExpositionProtoError where it is not UTF-8 */
export function readText(reader: WireReader, key: number, what: string): string {
  if ((key & 7) !== WIRE_LENGTH) {
    throw reader.error(`wire type ${key & 7} for field ${key >>> 3}, a text`);
  }
  const end = reader.lengthEnd();
  const start = reader.position;
  const buffer = bufferOver(reader.bytes);
  if (!isUtf8(buffer, start, end)) {
    const shown = excerpt(utf8Text(buffer, start, end));
    throw new ExpositionProtoError(start, `${what} ${shown}`, 'valid UTF-8');
  }
  reader.position = end;
  return utf8Text(buffer, start, end);
}

/** A double field; any NaN is the plain one, so that none is taken for a staleness marker. */
export function readDouble(reader: WireReader, key: number): number {
  reader.expectFixed64(key);
  const value = doubleAt(reader.bytes, reader.fixed64());
  return Number.isNaN(value) ? NaN : value;
}

/** Reads an `io.prometheus.client.LabelPair` and adds its name and value. */
export function readLabelPair(reader: WireReader, key: number, pairs: string[]): void {
  const start = reader.position;
  let name = '';
  let value = '';
  readMessage(reader, key, (field) => {
    if (field >>> 3 === 1) name = readText(reader, field, 'label name');
    else if (field >>> 3 === 2) value = readText(reader, field, 'label value');
    else reader.skip(field);
  });
  if (name === '') throw new ExpositionProtoError(start, 'an empty label name', 'a name');
  pairs.push(name, value);
}

/** Reads a `google.protobuf.Timestamp`: milliseconds, smaller fractions cut off. */
function readTime(reader: WireReader, key: number): number {
  const start = reader.position;
  let seconds = 0;
  let nanos = 0;
  readMessage(reader, key, (field) => {
    if (field >>> 3 === 1) seconds = reader.intField(field);
    else if (field >>> 3 === 2) nanos = reader.intField(field);
    else reader.skip(field);
  });
  return checkTime(seconds * 1000 + Math.floor(nanos / 1e6), start);
}

/** @throws ExpositionProtoError unless the time is exact */
export function checkTime(timestamp: number, offset: number): number {
  if (Number.isSafeInteger(timestamp)) return timestamp;
  throw new ExpositionProtoError(offset, `time ${timestamp} ms`, 'a time within 2^53 ms of 1970');
}

/** Reads an `io.prometheus.client.Exemplar`. */
export function readExemplar(reader: WireReader, key: number): Exemplar {
  const start = reader.position;
  const labelPairs: string[] = [];
  let value = 0;
  let timestamp: number | undefined;
  readMessage(reader, key, (field) => {
    if (field >>> 3 === 1) readLabelPair(reader, field, labelPairs);
    else if (field >>> 3 === 2) value = readDouble(reader, field);
    else if (field >>> 3 === 3) timestamp = readTime(reader, field);
    else reader.skip(field);
  });
  const names = labelPairs.filter((_, index) => index % 2 === 0);
  if (new Set(names).size < names.length) {
    throw new ExpositionProtoError(start, 'a label of an exemplar twice', 'each name once');
  }
  let characters = 0;
  // Code points, as OpenMetrics counts.
  for (const text of labelPairs) characters += Array.from(text).length;
  if (characters > EXEMPLAR_CHARACTERS_MAX) {
    const wanted = `at most ${EXEMPLAR_CHARACTERS_MAX}`;
    const problem = `${characters} characters of exemplar labels`;
    throw new ExpositionProtoError(start, problem, wanted);
  }
  return { labelPairs, value, timestamp };
}
