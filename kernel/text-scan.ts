// Expositions to columns: text 0.0.4 and 1.0.0, and OpenMetrics 1.0. Takes and refuses the sample
// lines that src/formats/exposition does. A `#` line counts as a name: known ones are passed over,
// others listed for TypeScript, which judges them.
//
// The positional cache: the entry that followed last time tells how long the name is likely to be;
// when so many bytes have its fingerprint, the name was checked before, byte for byte.

import {
  B_DROPPED,
  B_EXPLICIT_TIMES,
  B_LENGTH,
  B_MESSAGE,
  B_MESSAGE_LENGTH,
  B_SERIES,
  DROPPED_REF,
  NONE,
  RANGE_COMMENT,
  RANGE_LINE_EXEMPLAR,
  RANGE_NUMBER,
  RANGE_TIME,
  STATUS_MALFORMED,
  STATUS_NO_MEMORY,
  STATUS_OK,
} from './layout.ts';
import { addRange, addSample, beginBody, failBody } from './bodies.ts';
import {
  at,
  blanks,
  CLOSE_BRACE,
  HASH,
  isBlank,
  labels,
  lineEnd,
  metricName,
  NEWLINE,
  OPEN_BRACE,
  SPACE,
} from './lines.ts';
import {
  beginLookups,
  endLookups,
  endUnknown,
  fingerprintName,
  foundRef,
  foundUnknown,
  lookUp,
  isPredicted,
  predictedLength,
  takePredicted,
} from './lookups.ts';
import { isExact, parsed, parseNumber } from './numbers.ts';
import { fault, faultAt } from './wire.ts';

const FLAG_OPENMETRICS: u32 = 1;
const FLAG_IGNORE_TIMES: u32 = 2;

/** A fault that is none of the body's: no room. */
const NO_ROOM: usize = 1;
const MINUS: i32 = 0x2d;
const PLUS: i32 = 0x2b;
/** No 64-bit integer is longer. */
const TIMESTAMP_DIGITS_MAX: usize = 19;
/** `# EO` and `F`. */
const EOF_START: u32 = 0x4f452023;
const EOF_LAST: i32 = 0x46;
const EOF_BYTES: usize = 5;
/** Products with 1000 that lie this close to an integer differ from it by rounding alone. */
const MILLISECOND_ROUNDING: f64 = 1e-3;

// The scan under way; a scan is one call, so these never outlive it.
let body: usize = 0;
let end: usize = 0;
let defaultTime: f64 = 0;
let ignoresTimes = false;
/** Time of the line, when it has one. */
let lineTime: f64 = 0;

/** See `KernelBody.scanText`. */
export function scanText(address: usize, owner: usize, flags: u32, defaultTimestamp: f64): u32 {
  body = address;
  beginBody(body, owner);
  beginLookups(owner);
  const start = <usize>load<u32>(body, B_MESSAGE);
  end = start + load<u32>(body, B_MESSAGE_LENGTH);
  defaultTime = defaultTimestamp;
  ignoresTimes = (flags & FLAG_IGNORE_TIMES) !== 0;
  const isOk = (flags & FLAG_OPENMETRICS) !== 0 ? scanOpenMetrics(start) : scanLines(start);
  endLookups(body);
  if (isOk) return STATUS_OK;
  if (faultAt === NO_ROOM) return failBody(body, STATUS_NO_MEMORY, 0);
  return failBody(body, STATUS_MALFORMED, <u32>(faultAt - start));
}

function scanLines(start: usize): bool {
  let position = start;
  while (position < end) {
    position = blanks(position, end);
    const code = at(position, end);
    if (code === HASH) position = scanComment(position);
    else if (code !== NEWLINE && code >= 0) position = scanSample(position);
    if (position === 0) return false;
    // Every scan above stops at a newline or at the end.
    position++;
  }
  return true;
}

function scanOpenMetrics(start: usize): bool {
  let position = start;
  while (position < end) {
    if (at(position, end) !== HASH) {
      position = scanStrictSample(position);
    } else {
      const after = lineEnd(position, end);
      if (isEof(position, after)) {
        if (after + 1 >= end) return true;
        fault(after + 1);
        return false;
      }
      position = scanComment(position);
    }
    if (position === 0) return false;
    position++;
  }
  fault(end);
  return false;
}

function isEof(start: usize, after: usize): bool {
  return (
    after - start === EOF_BYTES && load<u32>(start) === EOF_START && at(start + 4, end) === EOF_LAST
  );
}

function noRoom(): usize {
  return fault(NO_ROOM);
}

/** The end of the name that followed last time, if it stands at `start`; else 0. */
function predictedNameEnd(start: usize): usize {
  // Entry 0, which stands for none, has no length; nor is an empty name one of an exposition.
  const length = predictedLength();
  if (length === 0 || length > end - start) return 0;
  fingerprintName(start, <u32>length);
  return isPredicted() ? start + length : 0;
}

/** A `#` line; its end. */
function scanComment(start: usize): usize {
  const known = predictedNameEnd(start);
  if (known !== 0) {
    const next = at(known, end);
    if ((next === NEWLINE || next < 0) && takePredicted()) return known;
  }
  const after = lineEnd(start, end);
  fingerprintName(start, <u32>(after - start));
  if (!lookUp(body, start, <u32>(after - start))) return noRoom();
  if (foundRef === 0) {
    if (!addRange(body, RANGE_COMMENT, start, after, 0, foundUnknown, NONE)) return noRoom();
  }
  return after;
}

/** The name at the beginning of a sample line, known from last time; its end, 0 if it is not. */
function predictedName(start: usize, relaxed: bool): usize {
  const after = predictedNameEnd(start);
  if (after === 0) return 0;
  if (<i32>load<u8>(after - 1) !== CLOSE_BRACE) {
    // A name without labels ends here only if neither more of it nor labels follow.
    const next = at(after, end);
    if (relaxed ? !isBlank(next) : next !== SPACE) return 0;
    if (relaxed && at(blanks(after, end), end) === OPEN_BRACE) return 0;
  }
  return takePredicted() ? after : 0;
}

/** A name that has to be read; its end. */
function readName(start: usize, relaxed: bool): usize {
  let position: usize;
  if (at(start, end) === OPEN_BRACE) {
    position = labels(start + 1, end, false, relaxed);
  } else {
    position = metricName(start, end);
    if (position === 0) return 0;
    const brace = relaxed ? blanks(position, end) : position;
    if (at(brace, end) === OPEN_BRACE) position = labels(brace + 1, end, true, relaxed);
    else if (relaxed && brace === position) return fault(position);
  }
  if (position === 0) return 0;
  const length = <u32>(position - start);
  fingerprintName(start, length);
  return lookUp(body, start, length) ? position : noRoom();
}

/** A sample line of the text format from its first byte; its newline, or the body's end. */
function scanSample(start: usize): usize {
  let position = predictedName(start, true);
  if (position === 0) position = readName(start, true);
  if (position === 0) return 0;
  const valueStart = blanks(position, end);
  const valueEnd = parseNumber(valueStart, end);
  if (valueEnd === 0) return fault(valueStart);
  const value = parsed;
  const isValueExact = isExact;
  position = valueEnd;
  let hasTime = false;
  let code = at(position, end);
  if (isBlank(code)) {
    position = blanks(position, end);
    code = at(position, end);
    if (code !== NEWLINE && code >= 0) {
      hasTime = true;
      position = readTimestamp(position);
      if (position === 0) return 0;
      position = blanks(position, end);
      code = at(position, end);
    }
  }
  if (code !== NEWLINE && code >= 0) return fault(position);
  if (!putSample(value, hasTime)) return noRoom();
  if (!isValueExact && !listNumber(RANGE_NUMBER, valueStart, valueEnd)) return noRoom();
  if (foundRef === 0) endUnknown(body, foundUnknown);
  return position;
}

/** A sample line of OpenMetrics from its first byte; its newline. */
function scanStrictSample(start: usize): usize {
  let position = predictedName(start, false);
  if (position === 0) position = readName(start, false);
  if (position === 0) return 0;
  if (at(position, end) !== SPACE) return fault(position);
  const valueStart = position + 1;
  const valueEnd = parseNumber(valueStart, end);
  if (valueEnd === 0) return fault(valueStart);
  const value = parsed;
  const isValueExact = isExact;
  position = valueEnd;
  let hasTime = false;
  let isTimeExact = true;
  const timeStart = position + 1;
  if (at(position, end) === SPACE && at(timeStart, end) !== HASH) {
    hasTime = true;
    position = parseNumber(timeStart, end);
    if (position === 0) return fault(timeStart);
    isTimeExact = isExact;
    if (!isFinite(parsed)) return fault(timeStart);
    lineTime = toMilliseconds(parsed);
  }
  const timeEnd = position;
  const hasExemplar = at(position, end) === SPACE;
  if (hasExemplar) {
    if (at(position + 1, end) !== HASH) return fault(position + 1);
    position = lineEnd(position, end);
  }
  if (at(position, end) !== NEWLINE) return fault(position);
  if (!putSample(value, hasTime)) return noRoom();
  if (!isValueExact && !listNumber(RANGE_NUMBER, valueStart, valueEnd)) return noRoom();
  if (!isTimeExact && !listNumber(RANGE_TIME, timeStart, timeEnd)) return noRoom();
  if (hasExemplar && !listNumber(RANGE_LINE_EXEMPLAR, start, position)) return noRoom();
  if (foundRef === 0) endUnknown(body, foundUnknown);
  return position;
}

function putSample(value: f64, hasTime: bool): bool {
  store<u32>(body, load<u32>(body, B_SERIES) + 1, B_SERIES);
  const isOwn = hasTime && !ignoresTimes;
  if (isOwn) store<u32>(body, load<u32>(body, B_EXPLICIT_TIMES) + 1, B_EXPLICIT_TIMES);
  if (foundRef === DROPPED_REF) {
    store<u32>(body, load<u32>(body, B_DROPPED) + 1, B_DROPPED);
    return true;
  }
  const bits = value === value ? reinterpret<u64>(value) : 0x7ff8000000000000;
  return addSample(body, foundRef, isOwn ? lineTime : defaultTime, bits);
}

/** Lists bytes that belong to the sample that was put last. */
function listNumber(kind: u32, start: usize, after: usize): bool {
  if (foundRef === DROPPED_REF || (kind === RANGE_TIME && ignoresTimes)) return true;
  const unknown = foundRef === 0 ? foundUnknown : NONE;
  const sample = load<u32>(body, B_LENGTH) - 1;
  return addRange(body, kind, start, after, foundRef, unknown, sample);
}

/** Integer milliseconds to `lineTime`; beyond 2^53 rounded at every digit. */
function readTimestamp(start: usize): usize {
  const sign = at(start, end);
  const digitsStart = sign === MINUS || sign === PLUS ? start + 1 : start;
  let position = digitsStart;
  let time: f64 = 0;
  while (position < end) {
    const digit = <u32>load<u8>(position) - 0x30;
    if (digit > 9) break;
    time = time * 10 + <f64>digit;
    position++;
  }
  const digits = position - digitsStart;
  const code = at(position, end);
  const isEnd = code === NEWLINE || isBlank(code) || code < 0;
  if (digits === 0 || digits > TIMESTAMP_DIGITS_MAX || !isEnd) return fault(start);
  // Adding 0 keeps `-0` from being minus zero.
  lineTime = sign === MINUS ? -time + 0 : time;
  return position;
}

function toMilliseconds(seconds: f64): f64 {
  const exact = seconds * 1000;
  const closest = floor(exact + 0.5);
  return (abs(exact - closest) < MILLISECOND_ROUNDING ? closest : trunc(exact)) + 0;
}
