import type { Exemplar } from '../../model/index.ts';
import { latin1Text, utf8Text } from '../../util/index.ts';
import { HASH, NEWLINE, OPEN_BRACE, QUOTE, SPACE } from './characters.ts';
import { readLabelPairs } from './identity.ts';
import { LineScanner } from './line-scanner.ts';
import {
  KEYWORD_LENGTH,
  type MetadataRange,
  metadataKind,
  TypeWords,
  visitMetadata,
  visitType,
} from './metadata-line.ts';
import type { ExpositionVisitor } from './visitor.ts';

const TYPE_WORDS = new TypeWords({
  gauge: 'gauge',
  counter: 'counter',
  histogram: 'histogram',
  summary: 'summary',
  info: 'info',
  stateset: 'stateset',
  gaugehistogram: 'gaugehistogram',
  unknown: 'unknown',
});

const EOF_TEXT = '# EOF';

/** In place of where the next line begins: the end mark was read. */
const ENDED = -1;

/** OpenMetrics 1.0: the label names and values of an exemplar together, in characters. */
const EXEMPLAR_CHARACTERS_MAX = 128;

/** Products with 1000 that lie this close to an integer differ from it by rounding alone. */
const MILLISECOND_ROUNDING = 1e-3;

/**
 * Scans an exposition in OpenMetrics text 1.0 (or 0.0.1), line by line. Refuses what is wrong
 * within a line and a body that does not end in `# EOF`; label names that repeat are found by
 * `decodeIdentity`, rules of families by `validateOpenMetrics` (README.md lists the difference).
 * Times in seconds become integer milliseconds, fractions of one cut off; beyond 2^53 ms rounded.
 * @throws ExpositionError; samples of earlier lines have been visited by then.
 */
export function scanOpenMetrics(
  bytes: Uint8Array,
  start: number,
  end: number,
  visitor: ExpositionVisitor,
): void {
  const steps = scanOpenMetricsInSteps(bytes, start, end, visitor);
  while (steps.next().done !== true);
}

/**
 * As `scanOpenMetrics`, some `stepBytes` of whole lines with each step, so that others may have
 * their turn in between; the bytes must stay as they are until the end.
 */
export function* scanOpenMetricsInSteps(
  bytes: Uint8Array,
  start: number,
  end: number,
  visitor: ExpositionVisitor,
  stepBytes = Infinity,
): Generator<undefined, void> {
  const scanner = LineScanner.forBody(bytes, start, end);
  let position = start;
  while (position < end) {
    position = scanLines(scanner, position, Math.min(end, position + stepBytes), visitor);
    if (position === ENDED) return;
    yield;
  }
  throw scanner.error('# EOF as the last line', end);
}

/** Scans the lines that begin before `until`; returns where the next one begins, or `ENDED`. */
function scanLines(
  scanner: LineScanner,
  start: number,
  until: number,
  visitor: ExpositionVisitor,
): number {
  const { bytes, end } = scanner;
  let position = start;
  while (position < until) {
    if (bytes[position] !== HASH) {
      position = scanSample(scanner, position, visitor) + 1;
      continue;
    }
    const lineEnd = scanner.lineEnd(position);
    if (isEof(bytes, position, lineEnd)) {
      if (lineEnd + 1 < end) throw scanner.error('nothing after # EOF', lineEnd + 1);
      return ENDED;
    }
    scanMetadata(scanner, position, lineEnd, visitor);
    position = lineEnd + 1;
  }
  return position;
}

/** A sample line from its first byte; returns the offset of its newline. */
function scanSample(scanner: LineScanner, start: number, visitor: ExpositionVisitor): number {
  let position = start;
  const hasName = scanner.at(start) !== OPEN_BRACE;
  if (hasName) position = scanner.metricName(start);
  if (scanner.at(position) === OPEN_BRACE) position = scanner.labels(position + 1, hasName, false);
  const identityEnd = position;
  if (scanner.at(position) !== SPACE) throw scanner.error('one space before the value', position);
  position = scanner.number(position + 1, 'a value');
  const value = scanner.value;
  let timestamp = NaN;
  if (scanner.at(position) === SPACE && scanner.at(position + 1) !== HASH) {
    position = scanTimestamp(scanner, position + 1);
    timestamp = toMilliseconds(scanner.value);
  }
  let exemplar: Exemplar | undefined;
  if (scanner.at(position) === SPACE) {
    const read = readExemplar(scanner, position + 1);
    position = read.end;
    exemplar = read.exemplar;
  }
  if (scanner.at(position) !== NEWLINE) throw scanner.error('the end of the line', position);
  visitor.sample(start, identityEnd, value, timestamp);
  if (exemplar !== undefined) visitor.exemplar?.(exemplar);
  return position;
}

function scanTimestamp(scanner: LineScanner, position: number): number {
  const after = scanner.number(position, 'a timestamp in seconds');
  if (!Number.isFinite(scanner.value)) {
    throw scanner.error('a finite timestamp in seconds', position);
  }
  return after;
}

function toMilliseconds(seconds: number): number {
  const exact = seconds * 1000;
  const nearest = Math.round(exact);
  // Adding 0 keeps minus zero out.
  return (Math.abs(exact - nearest) < MILLISECOND_ROUNDING ? nearest : Math.trunc(exact)) + 0;
}

/** An exemplar from its `#`, and the offset after it. */
function readExemplar(scanner: LineScanner, start: number): { end: number; exemplar: Exemplar } {
  const labelsStart = start + 2;
  const opens = scanner.at(start) === HASH && scanner.at(start + 1) === SPACE;
  if (!opens || scanner.at(labelsStart) !== OPEN_BRACE) {
    throw scanner.error('an exemplar (# {labels} value) or the end of the line', start);
  }
  const labelsEnd = scanner.labels(labelsStart + 1, true, false);
  const labelPairs = readLabelPairs(scanner, labelsStart + 1, []);
  if (countCharacters(labelPairs) > EXEMPLAR_CHARACTERS_MAX) {
    const wanted = `at most ${EXEMPLAR_CHARACTERS_MAX} characters of exemplar labels`;
    throw scanner.error(wanted, labelsStart);
  }
  if (scanner.at(labelsEnd) !== SPACE) throw scanner.error('one space', labelsEnd);
  const valueEnd = scanner.number(labelsEnd + 1, 'the value of the exemplar');
  const value = scanner.value;
  if (scanner.at(valueEnd) !== SPACE) {
    return { end: valueEnd, exemplar: { labelPairs, value, timestamp: undefined } };
  }
  const end = scanTimestamp(scanner, valueEnd + 1);
  return { end, exemplar: { labelPairs, value, timestamp: toMilliseconds(scanner.value) } };
}

/** Unicode code points, as the limit counts. */
function countCharacters(texts: readonly string[]): number {
  let count = 0;
  for (const text of texts) {
    for (const _ of text) count++;
  }
  return count;
}

function isEof(bytes: Uint8Array, start: number, end: number): boolean {
  return end - start === EOF_TEXT.length && latin1Text(bytes, start, end) === EOF_TEXT;
}

/** A `#` line that is not the end mark: `# KEYWORD name text`, one space between. */
function scanMetadata(
  scanner: LineScanner,
  start: number,
  lineEnd: number,
  visitor: ExpositionVisitor,
): void {
  const keyword = start + 2;
  const kind = scanner.at(start + 1) === SPACE && metadataKind(scanner, keyword, lineEnd);
  if (kind === false || kind === undefined) {
    throw scanner.error('# HELP, # TYPE, # UNIT or # EOF', start);
  }
  const nameStart = keyword + KEYWORD_LENGTH + 1;
  if (nameStart >= lineEnd) throw scanner.error('a metric name', Math.min(nameStart, lineEnd));
  if (scanner.at(nameStart - 1) !== SPACE) throw scanner.error('one space', nameStart - 1);
  const nameEnd = scanner.familyName(nameStart);
  if (scanner.at(nameEnd) !== SPACE) throw scanner.error('one space and text', nameEnd);
  if (lineEnd >= scanner.end) throw scanner.error('a newline', lineEnd);
  const line = { nameStart, nameEnd, textStart: nameEnd + 1, textEnd: lineEnd };
  if (kind === 'type') {
    const type = TYPE_WORDS.typeAt(scanner, line.textStart, line.textEnd);
    visitType(scanner, visitor, type, line);
    return;
  }
  scanner.checkUtf8(line.textStart, line.textEnd);
  if (kind === 'unit') checkUnit(scanner, line);
  visitMetadata(scanner, visitor, kind, line);
}

/** A unit is the last part of the name, after an underscore; an empty one says nothing. */
function checkUnit(scanner: LineScanner, line: MetadataRange): void {
  const quotes = scanner.at(line.nameStart) === QUOTE ? 1 : 0;
  const name = utf8Text(scanner.bytes, line.nameStart + quotes, line.nameEnd - quotes);
  const unit = utf8Text(scanner.bytes, line.textStart, line.textEnd);
  if (unit !== '' && !name.endsWith(`_${unit}`)) {
    throw scanner.error('the unit that ends the metric name', line.textStart);
  }
}
