import { HASH, NEWLINE, OPEN_BRACE, SPACE, TAB } from './characters.ts';
import { LineScanner } from './line-scanner.ts';
import {
  KEYWORD_LENGTH,
  type MetadataKind,
  metadataKind,
  TypeWords,
  visitMetadata,
  visitType,
} from './metadata-line.ts';
import type { ExpositionVisitor } from './visitor.ts';

export interface ScanTextOptions {
  /** Refuse a last line without a newline, as the Pushgateway does. Default: it is taken. */
  readonly requireFinalNewline?: boolean;
}

const TYPE_WORDS = new TypeWords({
  gauge: 'gauge',
  counter: 'counter',
  histogram: 'histogram',
  summary: 'summary',
  untyped: 'unknown',
});

const DIGIT_ZERO = 0x30;
const MINUS = 0x2d;
const PLUS = 0x2b;

/** Digits of the largest 64-bit integer: no timestamp is longer. */
const TIMESTAMP_DIGITS_MAX = 19;

/**
 * Scans an exposition in text format 0.0.4, or 1.0.0 (the same with quoted UTF-8 names), line by
 * line. Label names that repeat are found by `decodeIdentity`, rules between lines by
 * `validateText`. Timestamps beyond 2^53 ms are rounded.
 * @throws ExpositionError; samples of earlier lines have been visited by then.
 */
export function scanText(
  bytes: Uint8Array,
  start: number,
  end: number,
  visitor: ExpositionVisitor,
  options: ScanTextOptions = {},
): void {
  const steps = scanTextInSteps(bytes, start, end, visitor, options);
  while (steps.next().done !== true);
}

/**
 * As `scanText`, some `stepBytes` of whole lines with each step, so that others may have their turn
 * in between; the bytes must stay as they are until the end.
 */
export function* scanTextInSteps(
  bytes: Uint8Array,
  start: number,
  end: number,
  visitor: ExpositionVisitor,
  options: ScanTextOptions = {},
  stepBytes = Infinity,
): Generator<undefined, void> {
  const scanner = LineScanner.forBody(bytes, start, end);
  let position = start;
  while (position < end) {
    position = scanLines(scanner, position, Math.min(end, position + stepBytes), visitor);
    yield;
  }
  // What is wrong earlier in the body comes first.
  if (options.requireFinalNewline === true && end > start && bytes[end - 1] !== NEWLINE) {
    throw scanner.error('a newline after the last line', end);
  }
}

/** Scans the lines that begin before `until`; returns where the next one begins. */
function scanLines(
  scanner: LineScanner,
  start: number,
  until: number,
  visitor: ExpositionVisitor,
): number {
  let position = start;
  while (position < until) {
    position = scanner.blanks(position);
    const code = scanner.at(position);
    if (code === HASH) position = scanComment(scanner, position + 1, visitor);
    else if (code !== NEWLINE && code >= 0) position = scanSample(scanner, position, visitor);
    // Every scan above stops at a newline or at the end.
    position++;
  }
  return position;
}

/** A sample line from its first byte; returns the offset of the newline, or the body's end. */
function scanSample(scanner: LineScanner, start: number, visitor: ExpositionVisitor): number {
  let position = start;
  let identityEnd: number;
  if (scanner.at(start) === OPEN_BRACE) {
    position = scanner.labels(start + 1, false, true);
    identityEnd = position;
  } else {
    position = scanner.metricName(start);
    identityEnd = position;
    const after = scanner.blanks(position);
    if (scanner.at(after) === OPEN_BRACE) {
      position = scanner.labels(after + 1, true, true);
      identityEnd = position;
    } else if (after === position) {
      throw scanner.error("a blank or '{' after the metric name", position);
    }
  }
  position = scanner.number(scanner.blanks(position), 'a value');
  const value = scanner.value;
  let timestamp = NaN;
  let code = scanner.at(position);
  if (code === SPACE || code === TAB) {
    position = scanner.blanks(position);
    code = scanner.at(position);
    if (code !== NEWLINE && code >= 0) {
      const after = timestampEnd(scanner, position);
      timestamp = readTimestamp(scanner.bytes, position, after);
      position = scanner.blanks(after);
      code = scanner.at(position);
    }
  }
  if (code !== NEWLINE && code >= 0) {
    throw scanner.error(timestamp === timestamp ? 'the end of the line' : 'a value', position);
  }
  visitor.sample(start, identityEnd, value, timestamp);
  return position;
}

function timestampEnd(scanner: LineScanner, start: number): number {
  const sign = scanner.at(start);
  const digitsStart = sign === MINUS || sign === PLUS ? start + 1 : start;
  let position = digitsStart;
  while (scanner.at(position) >= DIGIT_ZERO && scanner.at(position) <= DIGIT_ZERO + 9) position++;
  const digits = position - digitsStart;
  const code = scanner.at(position);
  const ends = code === NEWLINE || code === SPACE || code === TAB || code < 0;
  if (digits === 0 || digits > TIMESTAMP_DIGITS_MAX || !ends) {
    throw scanner.error('a timestamp in integer milliseconds', start);
  }
  return position;
}

function readTimestamp(bytes: Uint8Array, start: number, end: number): number {
  const sign = bytes[start]!;
  let timestamp = 0;
  for (let position = sign < DIGIT_ZERO ? start + 1 : start; position < end; position++) {
    timestamp = timestamp * 10 + bytes[position]! - DIGIT_ZERO;
  }
  // Adding 0 keeps `-0` from being minus zero.
  return sign === MINUS ? -timestamp + 0 : timestamp;
}

/** A line from after its `#`; returns the offset of the newline, or the body's end. */
function scanComment(scanner: LineScanner, position: number, visitor: ExpositionVisitor): number {
  const lineEnd = scanner.lineEnd(position);
  const keyword = scanner.blanks(position);
  const kind = metadataKind(scanner, keyword, lineEnd);
  if (kind === 'help' || kind === 'type') {
    scanMetadata(scanner, scanner.blanks(keyword + KEYWORD_LENGTH), lineEnd, kind, visitor);
  }
  return lineEnd;
}

/** What misses its name, or its text, is a comment. */
function scanMetadata(
  scanner: LineScanner,
  nameStart: number,
  lineEnd: number,
  kind: Exclude<MetadataKind, 'unit'>,
  visitor: ExpositionVisitor,
): void {
  if (nameStart >= lineEnd) return;
  const nameEnd = scanner.familyName(nameStart);
  const textStart = scanner.blanks(nameEnd);
  if (textStart >= lineEnd) return;
  if (textStart === nameEnd) throw scanner.error('a blank after the metric name', nameEnd);
  if (kind === 'help') {
    scanner.checkUtf8(textStart, lineEnd);
    visitMetadata(scanner, visitor, kind, { nameStart, nameEnd, textStart, textEnd: lineEnd });
    return;
  }
  let textEnd = lineEnd;
  while (scanner.bytes[textEnd - 1] === SPACE || scanner.bytes[textEnd - 1] === TAB) textEnd--;
  const type = TYPE_WORDS.typeAt(scanner, textStart, textEnd);
  visitType(scanner, visitor, type, { nameStart, nameEnd, textStart, textEnd });
}
