// Remote write 1.0: `prometheus.WriteRequest`, decompressed, to columns. Takes and refuses what
// src/formats/remote-write/walk.ts does.

import {
  B_DROPPED,
  B_GATHER,
  B_GATHER_CAPACITY,
  B_GATHER_LENGTH,
  B_MESSAGE,
  B_MESSAGE_LENGTH,
  B_SERIES,
  DROPPED_REF,
  KIND_STAGING,
  NONE,
  RANGE_EXEMPLAR,
  RANGE_HISTOGRAM,
  RANGE_METADATA,
  STATUS_MALFORMED,
  STATUS_NO_MEMORY,
  STATUS_OK,
} from './layout.ts';
import { addRange, addSample, allocateStaging, beginBody, failBody } from './bodies.ts';
import {
  beginLookups,
  endLookups,
  endUnknown,
  fingerprintName,
  foundRef,
  foundUnknown,
  lookUp,
  predictedLength,
  takePredicted,
} from './lookups.ts';
import { release } from './slab.ts';
import {
  fault,
  faultAt,
  fieldEnd,
  key,
  number,
  skip,
  skipUnknown,
  takeKey,
  takeLength,
  takeLongNumber,
} from './wire.ts';

// Keys of prometheus.WriteRequest (remote.proto): 1 timeseries, 3 metadata; 2 is reserved.
const KEY_TIMESERIES: u32 = 0x0a;
const KEY_METADATA: u32 = 0x1a;
const FIELD_SOURCE: u32 = 2;
const REQUEST_FIELD_MAX: u32 = 3;
// prometheus.TimeSeries (types.proto).
const KEY_LABEL: u32 = 0x0a;
const KEY_SAMPLE: u32 = 0x12;
const KEY_EXEMPLAR: u32 = 0x1a;
const KEY_HISTOGRAM: u32 = 0x22;
const SERIES_FIELD_MAX: u32 = 4;
// prometheus.Sample: 1 value (double), 2 timestamp (int64).
const KEY_VALUE: u32 = 0x09;
const KEY_TIMESTAMP: u32 = 0x10;
const SAMPLE_FIELD_MAX: u32 = 2;

/** A fault that is none of the message's: no room. */
const NO_ROOM: usize = 1;

/** See `KernelBody.walkRemoteWrite`. */
export function walkRemoteWrite(body: usize, owner: usize): u32 {
  beginBody(body, owner);
  beginLookups(owner);
  const start = <usize>load<u32>(body, B_MESSAGE);
  const limit = start + load<u32>(body, B_MESSAGE_LENGTH);
  let position = start;
  let series: u32 = 0;
  while (position !== 0 && position < limit) {
    position = takeKey(position, limit);
    if (position === 0) break;
    if (key === KEY_TIMESERIES) {
      position = takeLength(position, limit);
      if (position === 0) break;
      series++;
      position = walkSeries(body, position, fieldEnd);
    } else if (key === KEY_METADATA) {
      position = takeLength(position, limit);
      if (position === 0) break;
      if (!addRange(body, RANGE_METADATA, position, fieldEnd, 0, NONE, NONE)) {
        position = fault(NO_ROOM);
        break;
      }
      position = fieldEnd;
    } else if (key >> 3 === FIELD_SOURCE) {
      position = skip(position, limit);
    } else {
      position = skipUnknown(position, limit, REQUEST_FIELD_MAX);
    }
  }
  store<u32>(body, series, B_SERIES);
  endLookups(body);
  if (position !== 0 || start === limit) return STATUS_OK;
  if (faultAt === NO_ROOM) return failBody(body, STATUS_NO_MEMORY, 0);
  return failBody(body, STATUS_MALFORMED, <u32>(faultAt - start));
}

/** One series: its labels, wherever they are, then everything else. Its end, 0 for a fault. */
function walkSeries(body: usize, start: usize, limit: usize): usize {
  // Fast path: the labels of the series that followed last time, and one sample.
  const predictedEnd = start + predictedLength();
  if (predictedEnd > start && isOneSample(predictedEnd, limit)) {
    fingerprintName(start, <u32>(predictedEnd - start));
    if (takePredicted()) {
      return walkSample(body, predictedEnd + 2, limit) ? limit : 0;
    }
  }
  const labelsEnd = skipLabels(start, limit);
  if (labelsEnd === 0) return 0;
  // Nothing but a name: there is nothing to store, and a small body may hold millions of these.
  if (labelsEnd === limit) return limit;
  if (isOneSample(labelsEnd, limit)) {
    fingerprintName(start, <u32>(labelsEnd - start));
    if (!lookUp(body, start, <u32>(labelsEnd - start))) return fault(NO_ROOM);
    if (!walkSample(body, labelsEnd + 2, limit)) return 0;
  } else {
    if (!findSeries(body, start, labelsEnd, limit)) return 0;
    if (!walkFields(body, labelsEnd, limit)) return 0;
  }
  if (foundRef === 0) endUnknown(body, foundUnknown);
  return limit;
}

/** Whether a sample of less than 128 bytes is all that follows. */
function isOneSample(position: usize, limit: usize): bool {
  if (position > limit || limit - position < 2 || load<u8>(position) !== KEY_SAMPLE) return false;
  const length = load<u8>(position, 1);
  return length < 0x80 && limit - position - 2 === <usize>length;
}

/** Where the label fields end with which a series begins; 0 for a fault. */
function skipLabels(start: usize, limit: usize): usize {
  let position = start;
  while (position < limit && load<u8>(position) === KEY_LABEL) {
    const length = <usize>load<u8>(position, 1);
    // Fast path: a label of less than 128 bytes. The byte read may lie beyond the end.
    if (limit - position > length + 1 && length < 0x80) {
      position += length + 2;
      continue;
    }
    if (takeLength(position + 1, limit) === 0) return 0;
    position = fieldEnd;
  }
  return position;
}

/** Looks the series up, gathering its labels when there are more among the rest. */
function findSeries(body: usize, start: usize, labelsEnd: usize, limit: usize): bool {
  let scattered = false;
  let position = labelsEnd;
  while (position < limit) {
    position = takeKey(position, limit);
    if (position === 0) return false;
    if (key === KEY_LABEL) scattered = true;
    position = skip(position, limit);
    if (position === 0) return false;
  }
  if (!scattered) {
    fingerprintName(start, <u32>(labelsEnd - start));
    if (lookUp(body, start, <u32>(labelsEnd - start))) return true;
    fault(NO_ROOM);
    return false;
  }
  const gathered = gatherLabels(body, start, limit);
  if (gathered === 0) {
    fault(NO_ROOM);
    return false;
  }
  const length = <u32>(
    (<usize>load<u32>(body, B_GATHER) + load<u32>(body, B_GATHER_LENGTH) - gathered)
  );
  fingerprintName(gathered, length);
  if (lookUp(body, gathered, length)) return true;
  fault(NO_ROOM);
  return false;
}

/** Copies the label fields of a series side by side; where they begin, 0 when the slab is full. */
function gatherLabels(body: usize, start: usize, limit: usize): usize {
  // All that is gathered in a body is part of it, so that room for a body is always enough.
  const room = load<u32>(body, B_MESSAGE_LENGTH);
  if (load<u32>(body, B_GATHER_CAPACITY) < room) {
    release(load<u32>(body, B_GATHER), KIND_STAGING);
    store<u32>(body, 0, B_GATHER_CAPACITY);
    store<u32>(body, <u32>allocateStaging(room), B_GATHER);
    if (load<u32>(body, B_GATHER) === 0) return 0;
    store<u32>(body, room, B_GATHER_CAPACITY);
  }
  const gathered = <usize>load<u32>(body, B_GATHER) + load<u32>(body, B_GATHER_LENGTH);
  let output = gathered;
  let position = start;
  while (position < limit) {
    const field = position;
    position = takeKey(position, limit);
    const isLabel = key === KEY_LABEL;
    position = skip(position, limit);
    if (!isLabel) continue;
    memory.copy(output, field, position - field);
    output += position - field;
  }
  store<u32>(body, <u32>(output - load<u32>(body, B_GATHER)), B_GATHER_LENGTH);
  return gathered;
}

function walkFields(body: usize, start: usize, limit: usize): bool {
  let position = start;
  while (position < limit) {
    position = takeKey(position, limit);
    if (position === 0) return false;
    if (key === KEY_SAMPLE) {
      position = takeLength(position, limit);
      if (position === 0) return false;
      const end = fieldEnd;
      if (!walkSample(body, position, end)) return false;
      position = end;
    } else if (key === KEY_EXEMPLAR || key === KEY_HISTOGRAM || key === KEY_LABEL) {
      const kind = key;
      position = takeLength(position, limit);
      if (position === 0) return false;
      if (kind !== KEY_LABEL && !addSeriesRange(body, kind, position, fieldEnd)) return false;
      position = fieldEnd;
    } else {
      position = skipUnknown(position, limit, SERIES_FIELD_MAX);
      if (position === 0) return false;
    }
  }
  return true;
}

function addSeriesRange(body: usize, fieldKey: u32, start: usize, end: usize): bool {
  if (foundRef === DROPPED_REF) return true;
  const kind = fieldKey === KEY_HISTOGRAM ? RANGE_HISTOGRAM : RANGE_EXEMPLAR;
  const unknown = foundRef === 0 ? foundUnknown : NONE;
  if (addRange(body, kind, start, end, foundRef, unknown, NONE)) return true;
  fault(NO_ROOM);
  return false;
}

function walkSample(body: usize, start: usize, limit: usize): bool {
  let bits: u64 = 0;
  let timestamp: i64 = 0;
  let position = start;
  // Of a repeated field the last one counts, as protobuf says; a missing one is 0.
  while (position < limit) {
    const first = load<u8>(position);
    if (first === KEY_VALUE) {
      position++;
      if (limit - position < 8) {
        fault(position);
        return false;
      }
      bits = load<u64>(position);
      position += 8;
    } else if (first === KEY_TIMESTAMP) {
      position = takeLongNumber(position + 1, limit);
      if (position === 0) return false;
      timestamp = <i64>number;
    } else {
      position = takeKey(position, limit);
      if (position === 0) return false;
      position = skipUnknown(position, limit, SAMPLE_FIELD_MAX);
      if (position === 0) return false;
    }
  }
  if (foundRef === DROPPED_REF) {
    store<u32>(body, load<u32>(body, B_DROPPED) + 1, B_DROPPED);
    return true;
  }
  if (addSample(body, foundRef, <f64>timestamp, bits)) return true;
  fault(NO_ROOM);
  return false;
}
