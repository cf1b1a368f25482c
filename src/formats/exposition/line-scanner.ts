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

  constructor(bytes: Uint8Array, start: number, end: number) {
    this.bytes = bytes;
    this.start = start;
    this.end = end;
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

  /** Skips spaces and tabs, of which there may be none. */
  blanks(position: number): number {
    let after = position;
    while (after < this.end && (this.bytes[after] === SPACE || this.bytes[after] === TAB)) after++;
    return after;
  }

  /** An unquoted metric name. */
  metricName(position: number): number {
    const { bytes, end } = this;
    if (position >= end || (CHARACTER_CLASS[bytes[position]!]! & METRIC_START) === 0) {
      throw this.error('a metric name', position);
    }
    let after = position + 1;
    while (after < end && (CHARACTER_CLASS[bytes[after]!]! & METRIC_PART) !== 0) after++;
    return after;
  }

  /** The metric name of a metadata line, quoted or not. */
  familyName(position: number): number {
    return this.at(position) === QUOTE ? this.quotedName(position) : this.metricName(position);
  }

  /** Checks that `[position, end)` is valid UTF-8. */
  checkUtf8(position: number, end: number): void {
    if (!isUtf8(this.bytes, position, end)) throw this.error('valid UTF-8', position);
  }

  /** An unquoted label name. */
  labelName(position: number): number {
    const { bytes, end } = this;
    if (position >= end || (CHARACTER_CLASS[bytes[position]!]! & LABEL_START) === 0) {
      throw this.error('a label name', position);
    }
    let after = position + 1;
    while (after < end && (CHARACTER_CLASS[bytes[after]!]! & LABEL_PART) !== 0) after++;
    return after;
  }

  /** Text in double quotes, on one line, valid UTF-8; `position` is at the opening quote. */
  quoted(position: number): number {
    const { bytes, end } = this;
    let after = position + 1;
    let seen = 0;
    for (;;) {
      if (after >= end) throw this.error('a closing quote', after);
      const code = bytes[after]!;
      if (code === QUOTE) break;
      if (code === NEWLINE) throw this.error('a closing quote', after);
      // The byte after a backslash is part of its escape, but a newline ends the line even so.
      after += code === BACKSLASH && this.at(after + 1) !== NEWLINE ? 2 : 1;
      seen |= code;
      // An escaped byte may itself begin a character of several bytes.
      if (code === BACKSLASH && after <= end) seen |= bytes[after - 1]!;
    }
    if (seen >= 0x80 && !isUtf8(bytes, position + 1, after)) {
      throw this.error('valid UTF-8 between the quotes', position);
    }
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
    let wantsLabel = false;
    for (;;) {
      const first = this.at(after);
      if (first === CLOSE_BRACE && !wantsLabel) break;
      const isQuoted = first === QUOTE;
      const nameStart = after;
      after = isQuoted ? this.quotedName(after) : this.labelName(after);
      if (relaxed) after = this.blanks(after);
      if (this.at(after) === EQUALS) {
        after = relaxed ? this.blanks(after + 1) : after + 1;
        if (this.at(after) !== QUOTE) throw this.error('a label value in double quotes', after);
        after = this.quoted(after);
        if (relaxed) after = this.blanks(after);
      } else if (!isQuoted) {
        throw this.error("'=' after the label name", after);
      } else if (hasName) {
        throw this.error('a label, the metric name being there already', nameStart);
      } else {
        hasName = true;
      }
      const next = this.at(after);
      if (next === CLOSE_BRACE) break;
      if (next !== COMMA) throw this.error("',' or '}' after the label", after);
      after = relaxed ? this.blanks(after + 1) : after + 1;
      wantsLabel = !relaxed;
    }
    if (!hasName) throw this.error('a metric name inside the braces', position);
    return after + 1;
  }

  /** A float; `value` then holds it. What follows is not looked at. */
  number(position: number, wanted: string): number {
    const after = this.#decimal.parse(this.bytes, position, this.end);
    if (after < 0) throw this.error(wanted, position);
    return after;
  }
}
