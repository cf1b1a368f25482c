import type { ExpositionVisitor } from '../../../formats/exposition/index.ts';
import { ExpositionError } from '../../../formats/index.ts';
import { type BodyFormat, scanBody } from './body-format.ts';

const EOF_LINE = Buffer.from('\n# EOF\n');
const NEWLINE = Buffer.from('\n');

let scratch = Buffer.alloc(4096);

/**
 * Scans one line of a body, `[start, end)` of `bytes`, as if it were all of a body. Returns what
 * the visitor's ranges point into, false where the line is malformed.
 */
export function judgeLine(
  format: BodyFormat,
  bytes: Uint8Array,
  range: { readonly start: number; readonly end: number },
  visitor: (line: Uint8Array) => ExpositionVisitor,
): boolean {
  const length = range.end - range.start;
  const ending = format === 'openmetrics' ? EOF_LINE : NEWLINE;
  const size = length + ending.length;
  if (scratch.length < size) scratch = Buffer.alloc(2 * size);
  scratch.set(bytes.subarray(range.start, range.end));
  scratch.set(ending, length);
  const line = scratch.subarray(0, size);
  try {
    scanBody(format, line, size, visitor(line));
    return true;
  } catch (error) {
    if (error instanceof ExpositionError) return false;
    throw error;
  }
}

/** The milliseconds that a time in seconds is, as OpenMetrics writes it. */
export function readSeconds(bytes: Uint8Array, start: number, end: number): number {
  const line = Buffer.concat([Buffer.from('a 1 '), bytes.subarray(start, end), EOF_LINE]);
  let time = NaN;
  scanBody('openmetrics', line, line.length, {
    sample(_start, _end, _value, timestamp) {
      time = timestamp;
    },
  });
  return time;
}
