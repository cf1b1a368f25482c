import type { TextPosition } from '../../model/index.ts';
import { excerpt, TidegaugeError } from '../../model/index.ts';
import { utf8Text } from '../../util/index.ts';

/** Bytes of the body that a message shows from the fault on. */
const EXCERPT_BYTES = 40;

const NEWLINE = 0x0a;

/**
 * An exposition body that is not what its format asks for. Offset, and column, count bytes (from 0
 * and 1); the line counts from 1.
 */
export class ExpositionError extends TidegaugeError implements TextPosition {
  readonly code = 'exposition_invalid';
  readonly offset: number;
  readonly line: number;
  readonly column: number;
  /** What would have been right, in words. */
  readonly wanted: string;

  constructor(place: TextPosition, found: string, wanted: string) {
    super(
      `bad exposition at line ${place.line}, column ${place.column}: ` +
        `found ${found}, wanted ${wanted}`,
    );
    this.offset = place.offset;
    this.line = place.line;
    this.column = place.column;
    this.wanted = wanted;
  }
}

/** The error for byte `offset` of a body that is `bytes` from `start` to `end`. */
export function expositionError(
  bytes: Uint8Array,
  range: { readonly start: number; readonly end: number },
  offset: number,
  wanted: string,
): ExpositionError {
  let line = 1;
  let lineStart = range.start;
  for (let index = range.start; index < offset; index++) {
    if (bytes[index] === NEWLINE) {
      line++;
      lineStart = index + 1;
    }
  }
  const place = { offset: offset - range.start, line, column: offset - lineStart + 1 };
  return new ExpositionError(place, foundAt(bytes, offset, range.end), wanted);
}

function foundAt(bytes: Uint8Array, offset: number, end: number): string {
  if (offset >= end) return 'the end of the body';
  if (bytes[offset] === NEWLINE) return 'the end of the line';
  const limit = Math.min(end, offset + EXCERPT_BYTES);
  let stop = offset;
  while (stop < limit && bytes[stop] !== NEWLINE) stop++;
  const shown = excerpt(utf8Text(bytes, offset, stop), EXCERPT_BYTES);
  return stop < limit || stop === end ? shown : `${shown}…`;
}
