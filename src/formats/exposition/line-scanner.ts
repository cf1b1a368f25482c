import { isUtf8 as isUtf8Native } from 'node:buffer';
import { DecimalParser, isUtf8 } from '../../util/index.ts';
import {
  BACKSLASH,
  CHARACTER_CLASS,
  CLOSE_BRACE,
  COMMA,
  EQUALS,
  LABEL_PART,
  LABEL_START,
  METRIC_PART,
  METRIC_START,
  NEWLINE,
  QUOTE,
  QUOTED_PLAIN,
  SPACE,
  TAB,
} from './characters.ts';
import { type ExpositionError, expositionError } from './errors.ts';

/** A byte that no body holds: what `at` gives beyond the end. */
const NONE = -1;

/**
 * Reads the tokens of exposition lines. Each method takes the offset at which its token must begin
 * and returns the offset after it, or throws ExpositionError. Makes no strings.
 */
export class LineScanner {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
  readonly #decimal = new DecimalParser();
  readonly #isUtf8: boolean;

  private constructor(bytes: Uint8Array, start: number, end: number, isUtf8: boolean) {
    this.bytes = bytes;
    this.start = start;
    this.end = end;
    this.#isUtf8 = isUtf8;
  }

  /** For a whole body: checks UTF-8 at once (some 0.1 ns a byte), part by part only if it fails. */
  static forBody(bytes: Uint8Array, start: number, end: number): LineScanner {
    return new LineScanner(bytes, start, end, isUtf8Native(bytes.subarray(start, end)));
  }

  /** For one piece of a body, `[start, end)` being all that errors count from. */
  static forPiece(bytes: Uint8Array, start: number, end: number): LineScanner {
    return new LineScanner(bytes, start, end, false);
  }

  /** What the last `number` read. */
  get value(): number {
    return this.#decimal.value;
  }

  error(wanted: string, position: number): ExpositionError {
    return expositionError(this.bytes, this, position, wanted);
  }

  /** The byte at `position`, -1 at the end of the body. */
  at(position: number): number {
    return position < this.end ? this.bytes[position]! : NONE;
  }

  /** The end of the line that `position` is on: its newline, or the end of the body. */
  lineEnd(position: number): number {
    const newline = this.bytes.indexOf(NEWLINE, position);
    return newline < 0 || newline > this.end ? this.end : newline;
  }

  /** Checks that `[start, end)` is valid UTF-8. */
  checkUtf8(start: number, end: number): void {
    if (this.#isUtf8 || isUtf8(this.bytes, start, end)) return;
    throw this.error('valid UTF-8', start);
  }

  /** Skips spaces and tabs, of which there may be none. */
  blanks(position: number): number {
    const { bytes, end } = this;
    let after = position;
    while (after < end && (bytes[after] === SPACE || bytes[after] === TAB)) after++;
    return after;
  }

  /** An unquoted metric name. */
  metricName(position: number): number {
    const { bytes, end } = this;
    if (position >= end || (CHARACTER_CLASS[bytes[position]!]! & METRIC_START) === 0) {
      throw this.error('a metric name', position);
    }
    const classes = CHARACTER_CLASS;
    let after = position + 1;
    while (after < end && (classes[bytes[after]!]! & METRIC_PART) !== 0) after++;
    return after;
  }

  /** The metric name of a metadata line, quoted or not. */
  familyName(position: number): number {
    return this.at(position) === QUOTE ? this.quotedName(position) : this.metricName(position);
  }

  /** An unquoted label name. */
  labelName(position: number): number {
    const { bytes, end } = this;
    if (position >= end || (CHARACTER_CLASS[bytes[position]!]! & LABEL_START) === 0) {
      throw this.error('a label name', position);
    }
    const classes = CHARACTER_CLASS;
    let after = position + 1;
    while (after < end && (classes[bytes[after]!]! & LABEL_PART) !== 0) after++;
    return after;
  }

  /** Text in double quotes, on one line, valid UTF-8; `position` is at the opening quote. */
  quoted(position: number): number {
    const { bytes, end } = this;
    const classes = CHARACTER_CLASS;
    let after = position + 1;
    let isAscii = true;
    for (;;) {
      // Fast path: text that stands for itself.
      while (after < end && (classes[bytes[after]!]! & QUOTED_PLAIN) !== 0) after++;
      const code = this.at(after);
      if (code === QUOTE) break;
      if (code === NEWLINE || code < 0) throw this.error('a closing quote', after);
      // What follows a backslash is part of its escape; a newline ends the line even so.
      if (code === BACKSLASH && this.at(after + 1) === QUOTE) after++;
      else if (code === BACKSLASH && this.at(after + 1) === BACKSLASH) after++;
      else if (code !== BACKSLASH) isAscii = false;
      after++;
    }
    if (!isAscii) this.checkUtf8(position + 1, after);
    return after + 1;
  }

  /** A quoted metric or label name: as `quoted`, and not empty. */
  quotedName(position: number): number {
    const after = this.quoted(position);
    if (after === position + 2) throw this.error('a name that is not empty', position);
    return after;
  }

  /**
   * A label part from after its opening brace through its closing one. `named` tells whether the
   * metric name stood before it; where not, one quoted name without a value must be inside. With
   * `relaxed` (text 0.0.4) blanks may surround every token and a comma may stand before the end.
   */
  labels(position: number, named: boolean, relaxed: boolean): number {
    let hasName = named;
    let after = relaxed ? this.blanks(position) : position;
    let code = this.at(after);
    // An empty label part, or in relaxed form a comma before the end.
    while (code !== CLOSE_BRACE) {
      const isQuoted = code === QUOTE;
      const nameStart = after;
      after = isQuoted ? this.quotedName(after) : this.labelName(after);
      code = this.at(after);
      if (relaxed && isBlank(code)) code = this.at((after = this.blanks(after)));
      if (code === EQUALS) {
        after = this.#labelValue(after + 1, relaxed);
        code = this.at(after);
        if (relaxed && isBlank(code)) code = this.at((after = this.blanks(after)));
      } else if (!isQuoted) {
        throw this.error("'=' after the label name", after);
      } else if (hasName) {
        throw this.error('a label, the metric name being there already', nameStart);
      } else {
        hasName = true;
      }
      if (code === CLOSE_BRACE) break;
      if (code !== COMMA) throw this.error("',' or '}' after the label", after);
      code = this.at(++after);
      if (relaxed && isBlank(code)) code = this.at((after = this.blanks(after)));
      if (code === CLOSE_BRACE && !relaxed) throw this.error('a label after the comma', after);
    }
    if (!hasName) throw this.error('a metric name inside the braces', position);
    return after + 1;
  }

  #labelValue(position: number, relaxed: boolean): number {
    const start = relaxed ? this.blanks(position) : position;
    if (this.at(start) !== QUOTE) throw this.error('a label value in double quotes', start);
    return this.quoted(start);
  }

  /** A float; `value` then holds it. What follows is not looked at. */
  number(position: number, wanted: string): number {
    const after = this.#decimal.parse(this.bytes, position, this.end);
    if (after < 0) throw this.error(wanted, position);
    return after;
  }
}

function isBlank(code: number): boolean {
  return code === SPACE || code === TAB;
}
