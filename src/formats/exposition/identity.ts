import { Labels, METRIC_NAME } from '../../model/index.ts';
import { bufferOver, utf8Text } from '../../util/index.ts';
import {
  BACKSLASH,
  CLOSE_BRACE,
  COMMA,
  EQUALS,
  LETTER_N,
  NEWLINE,
  OPEN_BRACE,
  QUOTE,
} from './characters.ts';
import { LineScanner } from './line-scanner.ts';

/**
 * The label set, metric name included, of a series as a scan gave it (`[start, end)` of `bytes`).
 * Labels with empty values are left out. Call it when a series is first seen, not per sample.
 * `bodyStart` is where the scanned body begins, from which the error counts.
 * @throws ExpositionError where a label name repeats (`__name__` beside a name included).
 */
export function decodeIdentity(
  bytes: Uint8Array,
  start: number,
  end: number,
  bodyStart: number = start,
): Labels {
  return Labels.fromPairs(decodeIdentityPairs(bytes, start, end, bodyStart));
}

/**
 * As `decodeIdentity`, but name, value, name, value, … in the order of the body, the metric name
 * first and empty values kept.
 */
export function decodeIdentityPairs(
  bytes: Uint8Array,
  start: number,
  end: number,
  bodyStart: number = start,
): string[] {
  const buffer = bufferOver(bytes);
  const scanner = LineScanner.forPiece(buffer, bodyStart, end);
  const pairs: string[] = [];
  let position = start;
  if (scanner.at(start) !== OPEN_BRACE) {
    const nameEnd = scanner.metricName(start);
    pairs.push(METRIC_NAME, utf8Text(buffer, start, nameEnd));
    position = scanner.blanks(nameEnd);
  }
  if (position >= end) return pairs;
  if (scanner.at(position) !== OPEN_BRACE) throw scanner.error("'{'", position);
  return readLabelPairs(scanner, position + 1, pairs);
}

/**
 * Adds the labels from after an opening brace to `pairs` (name, value, …; a quoted metric name as
 * the label `__name__`, at the front) and returns it.
 */
export function readLabelPairs(scanner: LineScanner, start: number, pairs: string[]): string[] {
  const { bytes } = scanner;
  const used = new UsedNames(pairs);
  let position = scanner.blanks(start);
  while (scanner.at(position) !== CLOSE_BRACE) {
    const nameStart = position;
    const isQuoted = scanner.at(position) === QUOTE;
    position = isQuoted ? scanner.quotedName(position) : scanner.labelName(position);
    const name = isQuoted
      ? unescapeText(bytes, nameStart + 1, position - 1)
      : utf8Text(bytes, nameStart, position);
    position = scanner.blanks(position);
    if (scanner.at(position) === EQUALS) {
      const valueStart = scanner.blanks(position + 1);
      if (scanner.at(valueStart) !== QUOTE) throw scanner.error('a label value', valueStart);
      position = scanner.quoted(valueStart);
      if (used.has(name)) throw scanner.error('a label name not used before', nameStart);
      pairs.push(name, unescapeText(bytes, valueStart + 1, position - 1));
      used.add(name);
    } else {
      if (!isQuoted) throw scanner.error("'=' after the label name", position);
      if (used.has(METRIC_NAME)) throw scanner.error('a label, not a name', nameStart);
      pairs.unshift(METRIC_NAME, name);
      used.add(METRIC_NAME);
    }
    position = scanner.blanks(position);
    if (scanner.at(position) === COMMA) position = scanner.blanks(position + 1);
    else if (scanner.at(position) !== CLOSE_BRACE) throw scanner.error("',' or '}'", position);
  }
  return pairs;
}

/** Length of a list of pairs that is still searched one by one. */
const FEW_PAIRS = 64;

/** Names used before; a set only where there are many, since most series have few. */
class UsedNames {
  readonly #pairs: readonly string[];
  #set: Set<string> | undefined;

  constructor(pairs: readonly string[]) {
    this.#pairs = pairs;
  }

  has(name: string): boolean {
    if (this.#set !== undefined) return this.#set.has(name);
    const pairs = this.#pairs;
    for (let index = 0; index < pairs.length; index += 2) {
      if (pairs[index] === name) return true;
    }
    return false;
  }

  /** To be called after each pair that was added to the pairs. */
  add(name: string): void {
    if (this.#set !== undefined) this.#set.add(name);
    else if (this.#pairs.length > FEW_PAIRS) {
      this.#set = new Set(this.#pairs.filter((_, index) => index % 2 === 0));
    }
  }
}

/**
 * The text of a HELP line with its escapes resolved: `\\` and `\n`, in OpenMetrics `\"` too. Other
 * backslashes stay.
 */
export function unescapeHelp(
  bytes: Uint8Array,
  start: number,
  end: number,
  format: 'text' | 'openmetrics' = 'text',
): string {
  return unescapeText(bytes, start, end, format === 'openmetrics');
}

/** A quoted name or label value, without its quotes, with `\\`, `\"` and `\n` resolved. */
export function unescapeText(
  bytes: Uint8Array,
  start: number,
  end: number,
  escapesQuotes = true,
): string {
  if (!hasByte(bytes, start, end, BACKSLASH)) return utf8Text(bytes, start, end);
  const unescaped = new Uint8Array(end - start);
  let length = 0;
  for (let position = start; position < end; position++) {
    const code = bytes[position]!;
    const next = code === BACKSLASH && position + 1 < end ? bytes[position + 1]! : 0;
    if (next === LETTER_N) unescaped[length++] = NEWLINE;
    else if (next === BACKSLASH || (next === QUOTE && escapesQuotes)) unescaped[length++] = next;
    else {
      unescaped[length++] = code;
      continue;
    }
    position++;
  }
  return utf8Text(unescaped, 0, length);
}

// `indexOf` would search on through the whole body.
function hasByte(bytes: Uint8Array, start: number, end: number, wanted: number): boolean {
  for (let position = start; position < end; position++) {
    if (bytes[position] === wanted) return true;
  }
  return false;
}
